// Objects that hold tensors, taken apart: the tensors under the paths that lead to them, and the object around them as JSON that loses nothing (JSON writes
// NaN and infinities as null, and −0 as 0). In a safetensors file the JSON lies in the metadata. It is data: reading it makes numbers, texts, lists, maps and
// plain objects, and nothing else.
import { FormatError, OptionError } from '../errors.js'
import { foreign, isForeign } from '../native/record.js'
import type { StateDict } from '../nn/module.js'
import { isPlainObject, show } from '../runtime/options.js'
import { checkTensors } from '../tensor/named-tensors.js'
import { Tensor } from '../tensor/tensor.js'
import type { TorchObject, TorchValue } from './object.js'

/** The key of the metadata that holds the object. */
export const OBJECT_KEY = 'loralib.object'

const VERSION = 1

/** Lists and objects within each other, as in files of `torch.save`. */
const MOST_LEVELS = 500

/** What stands in the JSON for a value that it has no form for; keys of the object that begin with `$` get a second one. */
type Written = null | boolean | number | string | Written[] | { [key: string]: Written }

/** The tensors of an object by name, and what the metadata has to say of the rest. A state dict needs nothing: its names say all. */
export function flattenObject(
  owner: string,
  object: unknown,
): { tensors: StateDict; metadata: Record<string, string> } {
  if (!isPlainObject(object) || Object.values(object).every((value) => value instanceof Tensor)) {
    checkTensors(owner, object)
    return { tensors: object, metadata: {} }
  }
  const flattening: Flattening = { owner, tensors: {}, above: [], leavesOut: false }
  const root = write(object, [], flattening)
  return {
    tensors: flattening.tensors,
    metadata: { [OBJECT_KEY]: JSON.stringify({ version: VERSION, object: root }) },
  }
}

/** The object of a file, from the metadata and the tensors of the file. @throws {FormatError} when they do not fit each other. */
export function restoreObject(path: string, json: string, tensors: StateDict): TorchObject {
  const unused = new Set(Object.keys(tensors))
  const damaged: Damaged = (expected, received, cause) =>
    damage(`${path}: the object in the metadata`, `${OBJECT_KEY}: ${expected}`, received, cause)
  const restoring: Restoring = { tensors, unused, make: withoutPrototype, damaged }
  const { version, object } = parse(json, damaged)
  if (version !== VERSION) throw damaged(`version ${VERSION} of the object`, show(version))
  const root = read(object as Written, 0, restoring)
  if (typeof root !== 'object' || root === null || Array.isArray(root) || root instanceof Tensor || root instanceof Map)
    throw damaged('an object', show(object))
  const [extra] = unused
  if (extra !== undefined) throw damaged('tensors that are parts of the object', `one more, '${extra}'`)
  return root
}

/** A value in a form that JSON holds whole, and the tensors in it by the path to them. */
export interface PlainValue {
  value: unknown
  tensors: StateDict
}

/**
 * Takes a value apart whose JSON lies in a file of its own. Fields that are undefined are left out.
 * @throws {OptionError} naming the path to what cannot be saved.
 */
export function toPlain(owner: string, value: unknown): PlainValue {
  const flattening: Flattening = { owner, tensors: {}, above: [], leavesOut: true }
  return { value: write(value, ['state'], flattening), tensors: flattening.tensors }
}

/** The value that {@link toPlain} took apart. @throws {FormatError} for what it does not write, and for a tensor that is not there. */
export function fromPlain(value: unknown, tensors: StateDict = {}): unknown {
  const damaged: Damaged = (...of) => damage('the saved state', ...of)
  const restoring: Restoring = { tensors, make: Object.fromEntries, damaged }
  return read(value as Written, 0, restoring)
}

/** A copy of a value that later changes of the original do not reach; tensors are not copied. @throws as {@link toPlain}. */
export function copyPlain<T>(owner: string, value: T): T {
  const plain = toPlain(owner, value)
  return fromPlain(plain.value, plain.tensors) as T
}

interface Flattening {
  readonly owner: string
  readonly tensors: StateDict
  /** The lists and objects around the value. */
  readonly above: object[]
  /** Whether fields that are undefined are left out; they are an error otherwise. */
  readonly leavesOut: boolean
}

function write(value: unknown, path: readonly string[], flattening: Flattening): Written {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value
  if (typeof value === 'number')
    return Number.isFinite(value) && !Object.is(value, -0)
      ? value
      : { $number: Object.is(value, -0) ? '-0' : String(value) }
  if (typeof value === 'bigint') return { $bigint: String(value) }
  if (value instanceof Tensor) return { $tensor: addTensor(value, path, flattening.tensors) }
  if (isForeign(value)) throw foreign(value)
  const { above, owner } = flattening
  if (!Array.isArray(value) && !(value instanceof Map) && !isPlainObject(value)) throw unsaveable(owner, path, value)
  if (above.includes(value)) throw selfHolding(owner, path)
  if (above.length >= MOST_LEVELS) throw tooDeep(owner)
  above.push(value)
  const written = writeItems(value, path, flattening)
  above.pop()
  return written
}

function writeItems(
  value: readonly unknown[] | ReadonlyMap<unknown, unknown> | object,
  path: readonly string[],
  flattening: Flattening,
): Written {
  // `Array.from` also visits the holes of a sparse list.
  if (Array.isArray(value)) return Array.from(value, (item, i) => write(item, [...path, String(i)], flattening))
  if (value instanceof Map) {
    const pairs = [...(value as ReadonlyMap<unknown, unknown>)]
    const pair = ([key, item]: [unknown, unknown]) => [
      writeKey(key, path, flattening),
      write(item, [...path, String(key)], flattening),
    ]
    return { $map: pairs.map(pair) }
  }
  const record = Object.create(null) as { [key: string]: Written }
  for (const [key, item] of Object.entries(value)) {
    if (item === undefined && flattening.leavesOut) continue
    record[key.startsWith('$') ? `$${key}` : key] = write(item, [...path, key], flattening)
  }
  return record
}

/** A key of a map, a plain value. */
function writeKey(key: unknown, path: readonly string[], flattening: Flattening): Written {
  if (typeof key !== 'object' || key === null) return write(key, path, flattening)
  throw unsaveable(flattening.owner, [...path, 'a key'], key)
}

/** The name of a tensor in the file: the path to it. One that another path gave first gets a number. */
function addTensor(tensor: Tensor, path: readonly string[], tensors: StateDict): string {
  const plain = path.join('.')
  let name = plain
  for (let n = 2; Object.hasOwn(tensors, name) || RESERVED.has(name); n++) name = `${plain}#${n}`
  Object.defineProperty(tensors, name, { value: tensor, enumerable: true })
  return name
}

/** Names that a safetensors file cannot have, and the one that a plain object would not keep. */
const RESERVED: ReadonlySet<string> = new Set(['', '__metadata__', '__proto__'])

interface Restoring {
  readonly tensors: StateDict
  /** Names of tensors that no value has used so far, where that matters. */
  readonly unused?: Set<string>
  /** Makes an object of its fields; one of `__proto__` must be a field like any other. */
  readonly make: (fields: [string, TorchValue][]) => TorchObject
  readonly damaged: Damaged
}

type Damaged = (expected: string, received: string, cause?: unknown) => FormatError

/** As objects of pickle files: a field called `toString` is then one that the file has. */
function withoutPrototype(fields: [string, TorchValue][]): TorchObject {
  const made = Object.create(null) as TorchObject
  for (const [key, value] of fields) made[key] = value
  return made
}

function read(written: Written, level: number, restoring: Restoring): TorchValue {
  if (typeof written !== 'object' || written === null) return written
  if (level > MOST_LEVELS) throw restoring.damaged(`at most ${MOST_LEVELS} levels`, 'more')
  if (Array.isArray(written)) return written.map((item) => read(item, level + 1, restoring))
  const keys = Object.keys(written)
  const mark = keys.find((key) => key.startsWith('$') && !key.startsWith('$$'))
  if (mark !== undefined) return readMarked(mark, written, level, restoring)
  return restoring.make(
    keys.map((key) => [key.startsWith('$$') ? key.slice(1) : key, read(written[key]!, level + 1, restoring)]),
  )
}

/** A value that JSON has no form for. */
function readMarked(
  mark: string,
  written: { [key: string]: Written },
  level: number,
  restoring: Restoring,
): TorchValue {
  const { tensors, unused } = restoring
  const value = written[mark]
  if (Object.keys(written).length === 1) {
    if (mark === '$tensor' && typeof value === 'string' && Object.hasOwn(tensors, value)) {
      unused?.delete(value)
      return tensors[value]!
    }
    if (mark === '$number' && typeof value === 'string' && NUMBERS.has(value)) return Number(value)
    if (mark === '$bigint' && typeof value === 'string' && /^-?\d+$/.test(value)) return BigInt(value)
    if (mark === '$map' && Array.isArray(value) && value.every((pair) => Array.isArray(pair) && pair.length === 2))
      return new Map(value.map((pair) => readPair(pair as [Written, Written], level, restoring)))
  }
  throw restoring.damaged('$tensor with a tensor of the file, $number, $bigint or $map', show(written))
}

const NUMBERS: ReadonlySet<string> = new Set(['NaN', 'Infinity', '-Infinity', '-0'])

type Key = number | bigint | string | boolean | null

function readPair([key, item]: [Written, Written], level: number, restoring: Restoring): [Key, TorchValue] {
  const name = read(key, level + 1, restoring)
  if (typeof name === 'object' && name !== null) throw restoring.damaged('keys that are plain values', show(key))
  return [name, read(item, level + 1, restoring)]
}

function parse(json: string, damaged: Damaged): { version?: unknown; object?: unknown } {
  let parsed: unknown
  try {
    parsed = JSON.parse(json)
  } catch (cause) {
    throw damaged('JSON', (cause as Error).message, cause)
  }
  if (typeof parsed === 'object' && parsed !== null) return parsed
  throw damaged('an object', show(parsed))
}

function unsaveable(owner: string, path: readonly string[], value: unknown): OptionError {
  const isModule = typeof value === 'object' && value !== null && 'stateDict' in value
  const fix = isModule
    ? 'save its stateDict()'
    : ArrayBuffer.isView(value)
      ? 'make a tensor of it: lora.tensor(array)'
      : value === undefined
        ? 'leave the key out, or write null'
        : 'leave it out, or save what it is made of'
  return new OptionError({
    what: `${owner}: ${path.join('.')} cannot be saved`,
    expected: 'tensors, numbers, texts, true, false, null, lists, maps and plain objects',
    received: show(value),
    fix,
  })
}

function selfHolding(owner: string, path: readonly string[]): OptionError {
  return new OptionError({
    what: `${owner}: ${path.join('.')} holds itself`,
    expected: 'an object without circles',
    received: 'a list or object that is inside itself',
    fix: 'leave it out',
  })
}

function tooDeep(owner: string): OptionError {
  return new OptionError({
    what: `${owner}: the object is too deep`,
    expected: `at most ${MOST_LEVELS} lists and objects within each other`,
    received: 'more',
    fix: 'flatten it',
  })
}

function damage(what: string, expected: string, received: string, cause?: unknown): FormatError {
  return new FormatError({
    what: `${what} is damaged`,
    expected,
    received,
    fix: 'go back to an older file; was it written by a newer version?',
    cause,
  })
}
