// Pickles, zip archives and files of torch.save, byte by byte, so that each byte can be wrong.
import { Buffer } from 'node:buffer'

const bytes = (...parts) =>
  Buffer.concat(parts.map((part) => (typeof part === 'number' ? Buffer.of(part) : Buffer.from(part))))
const little = (value, size) => {
  const out = Buffer.alloc(8)
  out.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value)))
  return out.subarray(0, size)
}

/** Opcodes with their arguments. */
export const op = {
  proto: (version = 2) => bytes(0x80, version),
  stop: bytes('.'),
  mark: bytes('('),
  none: bytes('N'),
  true: bytes(0x88),
  false: bytes(0x89),
  emptyDict: bytes('}'),
  emptyList: bytes(']'),
  emptyTuple: bytes(')'),
  tuple: bytes('t'),
  tuple1: bytes(0x85),
  tuple2: bytes(0x86),
  append: bytes('a'),
  appends: bytes('e'),
  setItem: bytes('s'),
  setItems: bytes('u'),
  reduce: bytes('R'),
  newObject: bytes(0x81),
  build: bytes('b'),
  persistent: bytes('Q'),
  memoize: bytes(0x94),
  stackGlobal: bytes(0x93),
  /** BININT, or LONG1 for larger integers. */
  int: (value) => (Math.abs(value) < 2 ** 31 ? bytes('J', little(value, 4)) : bytes(0x8a, 8, little(value, 8))),
  long1: (content) => bytes(0x8a, content.length, content),
  long4: (length, content = '') => bytes(0x8b, little(length, 4), content),
  float: (value) => {
    const out = Buffer.alloc(8)
    out.writeDoubleBE(value)
    return bytes('G', out)
  },
  str: (text) => bytes('X', little(Buffer.byteLength(text), 4), text),
  put: (index) => bytes('r', little(index, 4)),
  get: (index) => bytes('j', little(index, 4)),
  shortPut: (index) => bytes('q', index),
  shortGet: (index) => bytes('h', index),
  global: (module, name) => bytes('c', `${module}\n${name}\n`),
}

/** A tuple of the values of the parts. */
export const tupleOf = (...parts) => bytes(op.mark, ...parts, op.tuple)
/** A list of the values of the parts. */
export const listOf = (...parts) => bytes(op.emptyList, op.mark, ...parts, op.appends)
/** A dict of `[key, part]` pairs. */
export const dictOf = (...pairs) =>
  bytes(op.emptyDict, op.mark, ...pairs.flatMap(([key, part]) => [op.str(key), part]), op.setItems)
/** A call of a function of Python. */
export const call = (module, name, ...args) => bytes(op.global(module, name), tupleOf(...args), op.reduce)

/** A storage by its description. */
export const storage = ({ key = '0', type = 'FloatStorage', numel = 4, tag = 'storage', more = [] } = {}) =>
  bytes(
    tupleOf(
      op.str(tag),
      typeof type === 'string' ? op.global('torch', type) : type,
      op.str(key),
      op.str('cpu'),
      op.int(numel),
      ...more,
    ),
    op.persistent,
  )

/** A tensor, by default (2, 2) on the storage of four. */
export const tensor = ({ offset = 0, size = [2, 2], stride = [2, 1], on = storage(), rest = [] } = {}) =>
  call(
    'torch._utils',
    '_rebuild_tensor_v2',
    on,
    op.int(offset),
    tupleOf(...size.map(op.int)),
    tupleOf(...stride.map(op.int)),
    op.false,
    call('collections', 'OrderedDict'),
    ...rest,
  )

/** A whole pickle. */
export const pickle = (...parts) => bytes(op.proto(), ...parts, op.stop)

/** A whole pickle of protocol 3, 4 or 5; from 4 on it lies in a frame, as Python writes it. */
export function pickleOf(version, ...parts) {
  const body = bytes(...parts, op.stop)
  return version < 4 ? bytes(op.proto(version), body) : bytes(op.proto(version), 0x95, little(body.length, 8), body)
}

/** A name of Python in the form of protocol 4: two short texts, each put into the memo, and STACK_GLOBAL. */
export const stackGlobal = (module, name) =>
  bytes(...[module, name].flatMap((text) => [0x8c, text.length, text, op.memoize]), op.stackGlobal, op.memoize)

/** Four floats: 1, 2, 3, 4. */
export const FLOATS = Buffer.from(Float32Array.of(1, 2, 3, 4).buffer)

const crcTable = Array.from({ length: 256 }, (_, n) => {
  for (let k = 0; k < 8; k++) n = n & 1 ? (n >>> 1) ^ 0xedb88320 : n >>> 1
  return n >>> 0
})
const crc32 = (data) =>
  (data.reduce((crc, byte) => (crc >>> 8) ^ crcTable[(crc ^ byte) & 255], 0xffffffff) ^ 0xffffffff) >>> 0

/**
 * A zip archive. A record is `{name, data}` and what is to be wrong about it: `method`, `flags`, `crc`, `size` and `packed` (as in the directory),
 * `localName`, `at` (the offset in the directory), `extra`, `hidden` (not in the directory). `end` changes fields of the end record:
 * `count`, `size`, `start`, `comment`.
 */
export function zip(records, end = {}) {
  const [parts, entries] = [[], []]
  let at = 0
  for (const record of records) {
    const { name, data = '', method = 0, flags = 0, localName = name, extra = '' } = record
    const content = Buffer.from(data)
    const crc = record.crc ?? crc32(content)
    const [packed, size] = [record.packed ?? content.length, record.size ?? content.length]
    const sizes = bytes(little(crc, 4), little(packed, 4), little(size, 4))
    const head = (label) =>
      bytes(
        little(20, 2),
        little(flags, 2),
        little(method, 2),
        little(0, 4),
        sizes,
        little(Buffer.byteLength(label), 2),
      )
    const local = bytes('PK\x03\x04', head(localName), little(0, 2), localName)
    const offset = record.at ?? at
    if (!record.hidden) {
      const lengths = bytes(little(Buffer.byteLength(extra), 2), little(0, 2), little(0, 2), little(0, 2), little(0, 4))
      entries.push(bytes('PK\x01\x02', little(20, 2), head(name), lengths, little(offset, 4), name, extra))
    }
    if (record.absent) continue
    parts.push(local, content)
    at += local.length + content.length
  }
  const directory = bytes(...entries)
  const { count = entries.length, size = directory.length, start = at, comment = '' } = end
  const last = bytes('PK\x05\x06', little(0, 4), little(count, 2), little(count, 2), little(size, 4), little(start, 4))
  return bytes(...parts, directory, last, little(Buffer.byteLength(comment), 2), comment)
}

/** A file of torch 1.6 and later: a pickle and its storages. */
export const zipFile = (program, storages = { 0: FLOATS }, more = []) =>
  zip([
    { name: 'archive/data.pkl', data: program },
    { name: 'archive/byteorder', data: 'little' },
    ...Object.entries(storages).map(([key, data]) => ({ name: `archive/data/${key}`, data })),
    { name: 'archive/version', data: '3\n' },
    ...more,
  ])

export const MAGIC = Buffer.from('6cfc9c46f9206aa85019', 'hex')

/** A file before torch 1.6. Storages are `[key, number of elements, bytes]`; any pickle of the head can be replaced. */
export function legacyFile(program, storages = [['0', 4, FLOATS]], head = {}) {
  const {
    magic = pickle(op.long1(MAGIC)),
    version = pickle(op.int(1001)),
    machine = pickle(dictOf(['little_endian', op.true])),
    keys = pickle(listOf(...storages.map(([key]) => op.str(key)))),
    tail = '',
  } = head
  const numbers = storages.flatMap(([, numel, data]) => [little(numel, 8), data])
  return bytes(magic, version, machine, program, keys, ...numbers, tail)
}

export { bytes, little }
