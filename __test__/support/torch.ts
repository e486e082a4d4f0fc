// Files in the formats of torch.save: a pickle and its storages, in a zip archive or one after the other.

/** Numbers of a storage, and the name of its class in Python. */
export interface Storage {
  type: string
  data: Uint8Array
  size: number
}

/** A view of a storage. Without `stride` it is the whole storage, row-major. */
export class View {
  constructor(
    readonly storage: Storage,
    readonly shape: readonly number[],
    readonly stride: readonly number[] = shape.map((_, i) => shape.slice(i + 1).reduce((n, size) => n * size, 1)),
    readonly offset = 0,
    readonly parameter = false,
  ) {}
}

/** A name of Python used as a value. */
export class Name {
  constructor(
    readonly module: string,
    readonly name: string,
    readonly args?: Value[],
  ) {}
}

/** A tuple; an array is a list. */
export class Tuple {
  constructor(readonly items: Value[]) {}
}

export type Value =
  | View
  | Name
  | Tuple
  | number
  | bigint
  | string
  | boolean
  | null
  | Value[]
  | Map<Value, Value>
  | { [key: string]: Value }

export function storage(type: string, data: ArrayBufferView, size: number): Storage {
  return { type, data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength), size }
}

export const floats = (...values: number[]): Storage => storage('FloatStorage', Float32Array.from(values), 4)

/** The file of `torch.save(value, pickle_protocol=protocol)` since 1.6. `more` adds or replaces records. */
export function zipFile(value: Value, more: Record<string, Uint8Array | string> = {}, protocol = 2): Buffer {
  const pickler = new Pickler(protocol)
  const records: Record<string, Uint8Array | string> = { 'data.pkl': pickler.pickle(value) }
  for (const [i, { data }] of pickler.storages.entries()) records[`data/${i}`] = data
  Object.assign(records, more)
  const [parts, entries] = [[] as Buffer[], [] as Buffer[]]
  let at = 0
  for (const [key, data] of Object.entries(records)) {
    const name = Buffer.from(`archive/${key}`)
    const sizes = join(u32(0), u32(data.length), u32(data.length), u16(name.length))
    const local = join('PK\x03\x04', u16(20), u32(0), u32(0), sizes, u16(0), name, data)
    entries.push(join('PK\x01\x02', u16(20), u16(20), u32(0), u32(0), sizes, Buffer.alloc(12), u32(at), name))
    parts.push(local)
    at += local.length
  }
  const directory = join(...entries)
  const count = u16(entries.length)
  return join(...parts, directory, 'PK\x05\x06', u32(0), count, count, u32(directory.length), u32(at), u16(0))
}

/** The file of `torch.save(value, pickle_protocol=protocol)` before 1.6. */
export function legacyFile(value: Value, protocol = 2): Buffer {
  const pickler = new Pickler(protocol)
  const object = pickler.pickle(value)
  const pickle = (part: Value): Buffer => new Pickler(protocol).pickle(part)
  const magic = pickler.framed(join(Buffer.of(0x8a, 10), Buffer.from('6cfc9c46f9206aa85019', 'hex')))
  const keys = pickler.storages.map((_, i) => String(i))
  const numbers = pickler.storages.flatMap(({ data, size }) => [u64(data.length / size), data])
  return join(magic, pickle(1001), pickle({ little_endian: true }), object, pickle(keys), ...numbers)
}

class Pickler {
  readonly storages: Storage[] = []

  constructor(readonly protocol: number) {}

  pickle(value: Value): Buffer {
    return this.framed(this.#value(value))
  }

  /** From protocol 4 on a pickle lies in a frame. */
  framed(content: Buffer): Buffer {
    const body = join(content, '.')
    const frame = this.protocol < 4 ? Buffer.alloc(0) : join(Buffer.of(0x95), u64(body.length))
    return join(Buffer.of(0x80, this.protocol), frame, body)
  }

  /** From protocol 4 on a name is made of two texts in the memo. */
  #name(module: string, name: string): Buffer {
    if (this.protocol < 4) return join(`c${module}\n${name}\n`)
    const text = (part: string) => join(Buffer.of(0x8c, part.length), part, Buffer.of(0x94))
    return join(text(module), text(name), Buffer.of(0x93, 0x94))
  }

  #value(value: Value): Buffer {
    if (value === null) return join('N')
    if (typeof value === 'boolean') return Buffer.of(value ? 0x88 : 0x89)
    if (typeof value === 'string') return join('X', u32(Buffer.byteLength(value)), value)
    if (typeof value === 'bigint')
      return join(Buffer.of(0x8a, 16), u64(BigInt.asUintN(64, value)), u64(BigInt.asUintN(64, value >> 64n)))
    if (typeof value === 'number') return Number.isInteger(value) ? join('J', u32(value)) : join('G', f64(value))
    if (Array.isArray(value)) return join('](', ...value.map((item) => this.#value(item)), 'e')
    if (value instanceof Tuple) return join('(', ...value.items.map((item) => this.#value(item)), 't')
    if (value instanceof Name) {
      const name = this.#name(value.module, value.name)
      return value.args === undefined ? name : join(name, this.#value(new Tuple(value.args)), 'R')
    }
    if (value instanceof View) return this.#tensor(value)
    const pairs = value instanceof Map ? [...value] : Object.entries(value)
    return join('}(', ...pairs.flatMap((pair) => pair.map((item) => this.#value(item as Value))), 'u')
  }

  #tensor({ storage: on, shape, stride, offset, parameter }: View): Buffer {
    if (!this.storages.includes(on)) this.storages.push(on)
    const key = String(this.storages.indexOf(on))
    const id = new Tuple(['storage', new Name('torch', on.type), key, 'cpu', on.data.length / on.size])
    const rest = [new Tuple([...shape]), new Tuple([...stride]), false, new Name('collections', 'OrderedDict', [])]
    const args = join('(', this.#value(id), 'Q', ...[offset, ...rest].map((part) => this.#value(part as Value)), 't')
    const made = join(this.#name('torch._utils', '_rebuild_tensor_v2'), args, 'R')
    if (!parameter) return made
    return join(this.#name('torch._utils', '_rebuild_parameter'), '(', made, Buffer.of(0x88), '}tR')
  }
}

function join(...parts: (Uint8Array | string)[]): Buffer {
  return Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)))
}

function u16(value: number): Buffer {
  return Buffer.of(value & 255, value >> 8)
}

function u32(value: number): Buffer {
  const out = Buffer.alloc(4)
  out.writeInt32LE(value | 0)
  return out
}

function u64(value: number | bigint): Buffer {
  const out = Buffer.alloc(8)
  out.writeBigUInt64LE(BigInt(value))
  return out
}

function f64(value: number): Buffer {
  const out = Buffer.alloc(8)
  out.writeDoubleBE(value)
  return out
}
