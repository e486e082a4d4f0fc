// Cases that are small and expand to large objects.
import { FLOATS, bytes, call, dictOf, listOf, little, op, pickle, tensor, zip, zipFile } from './write.mjs'

const FORMAT = 'ERR_LORA_FORMAT'
const refused = (name, program, storages) => ({ group: 'bomb', name, file: zipFile(program, storages), refuse: FORMAT })
const repeat = (part, count) => Buffer.alloc(part.length * count, part)

/** Nested lists, each with ten references to the one before. */
function doubling(levels) {
  const parts = [op.emptyList, op.put(0)]
  for (let i = 1; i <= levels; i++)
    parts.push(op.emptyList, op.mark, ...Array(10).fill(op.get(i - 1)), op.appends, op.put(i))
  return bytes(...parts)
}

const million = 1_000_000

export const bombCases = [
  refused('10,000,000 marks', pickle(repeat(op.mark, 10 * million))),
  refused('10,000,000 times None on the stack', pickle(repeat(op.none, 10 * million))),
  refused('a tuple of 2,000,000', pickle(op.mark, repeat(op.none, 2 * million), op.tuple)),
  refused(
    '3,000,000 times None in lists of 1,000',
    pickle(op.emptyList, repeat(bytes('(', repeat(op.none, 1000), 'e'), 3000)),
  ),
  refused('2,000,000 empty lists', pickle(op.mark, repeat(op.emptyList, 2 * million), op.tuple)),
  refused(
    '400,000 empty dicts in one list',
    pickle(op.emptyList, repeat(bytes('(', repeat(op.emptyDict, 1000), 'e'), 400)),
  ),
  refused('2,000,000 values in the memo', pickle(op.emptyList, repeat(op.memoize, 2 * million))),
  refused(
    'memo indexes far apart',
    pickle(op.none, ...Array.from({ length: 2000 }, (_, i) => op.put(2 ** 31 + 7 * i))),
  ),
  refused('lists 100,000 deep', pickle(repeat(op.emptyList, 100_000), repeat(op.append, 99_999))),
  refused('tuples 100,000 deep', pickle(op.none, repeat(op.tuple1, 100_000))),
  refused('dicts 100,000 deep', pickle(repeat(bytes('}N'), 100_000), op.none, repeat(op.setItem, 100_000))),
  refused('501 levels', pickle(repeat(op.emptyList, 501), repeat(op.append, 500))),
  refused('lists of ten times the list before, 40 levels', pickle(doubling(40))),
  refused('lists of ten times the list before, 7 levels', pickle(doubling(7))),
  refused('a list that contains itself', pickle(op.emptyList, op.put(0), op.get(0), op.append)),
  refused('a dict that contains itself', pickle(op.emptyDict, op.put(0), op.str('me'), op.get(0), op.setItem)),
  refused(
    'a list and a dict that contain each other',
    pickle(op.emptyList, op.put(0), dictOf(['up', op.get(0)]), op.append),
  ),
  refused(
    'a text of 1 MB, 100,000 times',
    pickle(listOf(op.str('x'.repeat(million)), op.shortPut(0), repeat(op.shortGet(0), 100_000))),
  ),
  refused(
    'a key of 1 MB, 100,000 times',
    pickle(
      op.emptyDict,
      '(',
      op.str('x'.repeat(million)),
      op.shortPut(0),
      'N',
      repeat(bytes(op.shortGet(0), 'N'), 100_000),
      'u',
    ),
  ),
  refused('an integer of 100,000 bytes', pickle(op.long4(100_000, Buffer.alloc(100_000, 1)))),
  refused('an integer of 2 GiB', pickle(op.long4(2 ** 31 - 1))),
  refused('an integer of -1 bytes', pickle(op.long4(2 ** 32 - 1))),
  refused('a text of 2^63 bytes', pickle(bytes(0x8d, little(2n ** 63n, 8)))),
  refused('a text of 4 GiB', pickle(bytes('X', little(2 ** 32 - 1, 4)))),
  refused('200,000 tensors by memo', manyTensors(200_000)),
  refused('OrderedDict of 100,000 pairs, 1,000 times', pairsAgain(100_000, 1000)),
  refused(
    '100,000 devices',
    pickle(op.emptyList, repeat(bytes('(', repeat(call('torch', 'device', op.str('cpu')), 1000), 'e'), 100)),
  ),
  refused('a frame of 2^60 bytes, and nothing in it', bytes(op.proto(4), 0x95, little(2n ** 60n, 8))),
  {
    group: 'bomb',
    name: '300,000 records',
    file: zip(
      [...Array(30)].map((_, i) => ({ name: `a/data/${i}`, data: FLOATS })),
      { count: 65535 },
    ),
    refuse: FORMAT,
  },
  {
    group: 'odd but good',
    name: '300 levels',
    file: zipFile(pickle(repeat(op.emptyList, 300), repeat(op.append, 299))),
    loads: null,
  },
  {
    group: 'odd but good',
    name: 'a shared list stays two lists with the same content',
    file: zipFile(pickle(op.emptyList, op.put(0), op.int(1), op.append, op.get(0), op.tuple2)),
    loads: [[1], [1]],
  },
  {
    group: 'odd but good',
    name: 'the last memo index',
    file: zipFile(pickle(op.emptyDict, op.put(2 ** 32 - 1))),
    loads: { object: [] },
  },
  {
    group: 'odd but good',
    name: 'keys that objects have by birth',
    file: zipFile(
      pickle(
        dictOf(
          ['__proto__', op.int(1)],
          ['constructor', op.int(2)],
          ['hasOwnProperty', dictOf(['__proto__', op.none])],
        ),
      ),
    ),
    loads: {
      object: [
        ['__proto__', 1],
        ['constructor', 2],
        ['hasOwnProperty', { object: [['__proto__', null]] }],
      ],
    },
  },
  {
    group: 'odd but good',
    name: 'numbers that are no JSON',
    file: zipFile(
      pickle(
        listOf(
          op.float(NaN),
          op.float(-Infinity),
          op.long1(Buffer.alloc(9, 0xff)),
          op.long1(Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 1])),
          op.int(2 ** 60),
          op.long1(Buffer.alloc(0)),
        ),
      ),
    ),
    loads: [
      { float: 'NaN' },
      { float: '-Infinity' },
      { bigint: '-1' },
      { bigint: String(2n ** 64n) },
      { bigint: String(2n ** 60n) },
      0,
    ],
  },
  {
    group: 'odd but good',
    name: 'keys that are numbers',
    file: zipFile(pickle(op.emptyDict, '(', op.int(1), op.str('one'), op.true, op.none, op.none, op.float(0.5), 'u')),
    loads: {
      map: [
        [1, 'one'],
        [true, null],
        [null, 0.5],
      ],
    },
  },
  {
    group: 'odd but good',
    name: 'a key twice: the later value counts',
    file: zipFile(pickle(dictOf(['a', op.int(1)], ['b', op.int(2)], ['a', op.int(3)]))),
    loads: {
      object: [
        ['a', 3],
        ['b', 2],
      ],
    },
  },
]

const near = (name, program) => ({ group: 'just within the limits', name, file: zipFile(program), loads: null })
const thousands = (part, count) => bytes(op.emptyList, repeat(bytes('(', repeat(part, 1000), 'e'), count))

const keys = (count) => Buffer.concat(Array.from({ length: count }, (_, i) => bytes(op.str(`key${i}`), op.none)))

export const nearCases = [
  near('149,000 times None', pickle(thousands(op.none, 149))),
  near('149,000 floats', pickle(thousands(op.float(1 / 3), 149))),
  near('29,000 empty dicts', pickle(thousands(op.emptyDict, 29))),
  near('29,000 empty lists', pickle(thousands(op.emptyList, 29))),
  near('74,000 times the same list', pickle(op.emptyList, op.shortPut(0), thousands(op.shortGet(0), 74), op.tuple2)),
  near('a tuple of 149,000', pickle(op.mark, repeat(op.none, 149_000), op.tuple)),
  near('11,000 tensors by memo', manyTensors(11_000)),
  near('490,000 values in the memo', pickle(op.emptyList, repeat(op.memoize, 490_000))),
  near('a text of 7 MB', pickle(op.str('x'.repeat(7e6)))),
  near('74,000 keys', pickle(op.emptyDict, '(', keys(74_000), 'u')),
]

/** Tensors made of memoized arguments: six bytes each. */
function manyTensors(count) {
  const one = tensor({ size: [0], stride: [1] })
  const [callee, args] = [
    op.global('torch._utils', '_rebuild_tensor_v2'),
    one.subarray(op.global('torch._utils', '_rebuild_tensor_v2').length, -1),
  ]
  const again = bytes(op.shortGet(0), op.shortGet(1), op.reduce)
  const thousand = bytes('(', repeat(again, 1000), 'e')
  return pickle(
    callee,
    op.shortPut(0),
    args,
    op.shortPut(1),
    op.reduce,
    op.tuple1,
    op.emptyList,
    repeat(thousand, count / 1000),
    op.tuple2,
  )
}

function pairsAgain(pairs, times) {
  const pair = bytes(op.none, op.none, op.tuple2, op.shortPut(2))
  const list = bytes(op.emptyList, repeat(bytes('(', repeat(op.shortGet(2), 1000), 'e'), pairs / 1000))
  const again = bytes(op.shortGet(0), op.shortGet(1), op.reduce)
  return pickle(
    pair,
    op.global('collections', 'OrderedDict'),
    op.shortPut(0),
    list,
    op.tuple1,
    op.shortPut(1),
    op.emptyList,
    '(',
    repeat(again, times),
    'e',
    op.tuple2,
  )
}
