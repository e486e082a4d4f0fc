// Cases about tensors and storages: descriptions that do not fit the data, or need far more of it.
import {
  FLOATS,
  bytes,
  call,
  dictOf,
  legacyFile,
  little,
  op,
  pickle,
  storage,
  tensor,
  tupleOf,
  zipFile,
} from './write.mjs'

const FORMAT = 'ERR_LORA_FORMAT'
const UNSUPPORTED = 'ERR_LORA_UNSUPPORTED'
const only = (part) => pickle(dictOf(['w', part]))
const refused = (name, part, code = FORMAT, storages) => ({
  group: 'tensor or storage that lies',
  name,
  file: zipFile(only(part), storages),
  refuse: code,
})
const on = (what) => tensor({ on: storage(what) })
const w = (data, shape = [2, 2], dtype = 'f32') => ({ object: [['w', { dtype, shape, data }]] })
const loads = (name, file, object) => ({ group: 'odd but good', name, file, loads: object })

const TRICKS = { group: 'persistent id of another kind' }
const IDS = {
  'a text': op.str('storage'),
  'a number': op.int(0),
  None: op.none,
  'a dict': op.emptyDict,
  'an empty tuple': op.emptyTuple,
  'a list': bytes('(', op.str('storage'), 't', op.tuple1),
  'a tuple of three': tupleOf(op.str('storage'), op.global('torch', 'FloatStorage'), op.str('0')),
  'a tuple of seven': tupleOf(
    op.str('storage'),
    op.global('torch', 'FloatStorage'),
    op.str('0'),
    op.str('cpu'),
    op.int(4),
    op.none,
    op.none,
  ),
  'a module with source code': tupleOf(
    op.str('module'),
    op.global('torch', 'FloatStorage'),
    op.str('x.py'),
    op.str('import os'),
  ),
}

export const tensorCases = [
  ...Object.entries(IDS).map(([name, id]) => ({
    ...TRICKS,
    name,
    file: zipFile(only(bytes(id, op.persistent))),
    refuse: FORMAT,
  })),
  { ...refused('another tag', on({ tag: 'module' })), ...TRICKS },
  { ...refused('a class that is a text', on({ type: op.str('FloatStorage') })), ...TRICKS },
  { ...refused('a class that is a function', on({ type: op.global('torch', 'Size') })), ...TRICKS },
  refused('a storage shorter than claimed', on({ numel: 5 })),
  refused('a storage longer than claimed', on({ numel: 3 }), FORMAT),
  refused('a storage of -1 elements', on({ numel: -1 })),
  refused('a storage of 2^62 elements', on({ numel: 2 ** 62 })),
  refused('a storage of 2^53 elements', on({ numel: 2 ** 53 })),
  refused('a storage that is not there', on({ key: '1' })),
  refused('a storage under a path', on({ key: '../../../../etc/passwd' })),
  refused('a storage under the name of the pickle', on({ key: '../data.pkl' })),
  refused('a storage under an absolute path', on({ key: '/etc/passwd' })),
  refused('a key of 100,000 letters', on({ key: '0'.repeat(100_000) })),
  {
    ...refused('one storage described in two ways', tensor()),
    file: zipFile(pickle(dictOf(['a', tensor()], ['b', tensor({ on: storage({ type: 'IntStorage' }) })]))),
  },
  refused('an offset past the end', tensor({ offset: 1 })),
  refused('a negative offset', tensor({ offset: -1 })),
  refused('an offset of 2^63 - 1', tensor({ offset: Number.MAX_SAFE_INTEGER })),
  refused('a negative size', tensor({ size: [-2, 2] })),
  refused('a negative stride', tensor({ stride: [-2, 1] })),
  refused('sizes that multiply to 2^80', tensor({ size: [2 ** 40, 2 ** 40], stride: [0, 0] })),
  refused('empty, with sizes that multiply to 2^80', tensor({ size: [0, 2 ** 40, 2 ** 40], stride: [0, 0, 0] })),
  refused('a stride of 2^62', tensor({ size: [2, 2], stride: [2 ** 62, 1] })),
  refused('more strides than sizes', tensor({ size: [2, 2], stride: [1] })),
  refused('40 dimensions', tensor({ size: Array(40).fill(1), stride: Array(40).fill(1) })),
  refused(
    'a size that is a text',
    call('torch._utils', '_rebuild_tensor_v2', storage(), op.int(0), op.str('2'), op.str('1'), op.false, op.emptyDict),
  ),
  refused(
    'a size of texts',
    call(
      'torch._utils',
      '_rebuild_tensor_v2',
      storage(),
      op.int(0),
      tupleOf(op.str('2')),
      tupleOf(op.int(1)),
      op.false,
      op.emptyDict,
    ),
  ),
  refused(
    'a tensor on a text',
    call(
      'torch._utils',
      '_rebuild_tensor_v2',
      op.str('0'),
      op.int(0),
      op.emptyTuple,
      op.emptyTuple,
      op.false,
      op.emptyDict,
    ),
  ),
  refused('2^40 times the same number', tensor({ size: [2 ** 40], stride: [0] })),
  refused('5,000,000 times the same number', tensor({ size: [5_000_000], stride: [0] })),
  {
    ...refused('1,000 windows on one storage of 64 KB', tensor()),
    file: zipFile(
      pickle(
        dictOf(
          ...Array.from({ length: 1000 }, (_, i) => [
            `w${i}`,
            tensor({ on: storage({ numel: 16384 }), size: [16384], stride: [1] }),
          ]),
        ),
      ),
      { 0: Buffer.alloc(65536) },
    ),
  },
  refused('truth values that are 2', on({ type: 'BoolStorage' }), FORMAT, { 0: Buffer.alloc(4, 2) }),
  refused('complex numbers', on({ type: 'ComplexFloatStorage' }), UNSUPPORTED),
  refused('quantised numbers', on({ type: 'QUInt8Storage' }), UNSUPPORTED),
  refused('a quantised tensor', call('torch._utils', '_rebuild_qtensor', storage()), UNSUPPORTED),
  refused('a sparse tensor', call('torch._utils', '_rebuild_sparse_tensor', op.none), UNSUPPORTED),
  refused('a conjugate view', tensor({ rest: [dictOf(['conj', op.true])] }), UNSUPPORTED),
  refused('a view of a storage', on({ more: [tupleOf(op.str('0'), op.int(0), op.int(4))] }), UNSUPPORTED),
  refused('a storage class that there is not', on({ type: 'FancyStorage' })),
  ...legacyCases(),
  loads('the same window twice', zipFile(pickle(dictOf(['a', tensor()], ['b', tensor({ stride: [1, 2] })]))), {
    object: [
      ['a', { dtype: 'f32', shape: [2, 2], data: [1, 2, 3, 4] }],
      ['b', { dtype: 'f32', shape: [2, 2], data: [1, 3, 2, 4] }],
    ],
  }),
  loads('stride 0', zipFile(only(tensor({ offset: 1, size: [3, 2], stride: [0, 2] }))), w([2, 4, 2, 4, 2, 4], [3, 2])),
  loads('a scalar with an offset', zipFile(only(tensor({ offset: 3, size: [], stride: [] }))), w([4], [])),
  loads(
    'an empty tensor with an offset',
    zipFile(only(tensor({ offset: 4, size: [0, 3], stride: [3, 1] }))),
    w([], [0, 3]),
  ),
  loads(
    'one element with a wild stride',
    zipFile(only(tensor({ offset: 2, size: [1, 1], stride: [999, 7] }))),
    w([3], [1, 1]),
  ),
  loads(
    'bytes as u16 by dtype',
    zipFile(
      only(
        call(
          ...['torch._utils', '_rebuild_tensor_v3', storage({ type: op.global('torch.storage', 'UntypedStorage') })],
          ...[op.int(0), tupleOf(op.int(2)), tupleOf(op.int(1)), op.false, call('collections', 'OrderedDict')],
          op.global('torch', 'uint16'),
        ),
      ),
      { 0: Buffer.from([1, 0, 0xff, 0xff]) },
    ),
    w([1, 65535], [2], 'i64'),
  ),
]

function legacyCases() {
  const legacy = (name, storages, head, code = FORMAT) => ({
    group: 'legacy file that lies',
    name,
    file: legacyFile(only(tensor()), storages, head),
    refuse: code,
  })
  const whole = legacyFile(only(tensor()))
  const head = Buffer.alloc(600)
  head.write('ustar', 257)
  return [
    legacy('a storage of another length', [['0', 3, FLOATS]]),
    legacy('a storage of 2^63 elements', [['0', 2n ** 63n, FLOATS]]),
    legacy('a storage that no tensor has', [
      ['0', 4, FLOATS],
      ['1', 4, FLOATS],
    ]),
    legacy('a storage listed twice', [
      ['0', 4, FLOATS],
      ['0', 4, FLOATS],
    ]),
    legacy('a storage left out', []),
    legacy('bytes at the end', undefined, { tail: 'more' }),
    legacy('a list of storages that is a number', undefined, { keys: pickle(op.int(1)) }),
    legacy('a list of storages of numbers', undefined, { keys: pickle(bytes('](', op.int(0), 'e')) }),
    legacy('another version', undefined, { version: pickle(op.int(1002)) }),
    legacy('another magic number', undefined, { magic: pickle(op.long1(Buffer.alloc(10, 1))) }),
    legacy('no facts about the machine', undefined, { machine: pickle(op.none) }),
    ...Array.from({ length: 10 }, (_, i) => Math.floor((whole.length * (i + 0.5)) / 10)).map((length) => ({
      group: 'legacy file that lies',
      name: `cut after ${length} of ${whole.length} bytes`,
      file: whole.subarray(0, length),
      refuse: FORMAT,
    })),
    { group: 'legacy file that lies', name: 'a tar file', file: bytes(head, little(0, 4)), refuse: UNSUPPORTED },
    { group: 'odd but good', name: 'a legacy file', file: whole, loads: w([1, 2, 3, 4]) },
  ]
}
