// Cases about the protocols of pickles: 2 is torch's own, and `pickle_protocol` chooses another one. From 4 on a pickle is a frame with a length of its own,
// and names come from the stack.
import {
  FLOATS,
  MAGIC,
  bytes,
  call,
  dictOf,
  legacyFile,
  listOf,
  little,
  op,
  pickleOf,
  stackGlobal,
  storage,
  tupleOf,
  zipFile,
} from './write.mjs'

const FORMAT = 'ERR_LORA_FORMAT'
const loaded = { object: [['w', { dtype: 'f32', shape: [2, 2], data: [1, 2, 3, 4] }]] }
const globalOf = (version) => (version < 4 ? op.global : stackGlobal)

/** A tensor as this protocol describes it. */
const tensorOf = (version) =>
  bytes(
    globalOf(version)('torch._utils', '_rebuild_tensor_v2'),
    tupleOf(
      storage({ type: globalOf(version)('torch', 'FloatStorage') }),
      op.int(0),
      tupleOf(op.int(2), op.int(2)),
      tupleOf(op.int(2), op.int(1)),
      op.false,
      bytes(globalOf(version)('collections', 'OrderedDict'), op.emptyTuple, op.reduce),
    ),
    op.reduce,
  )

const head = (version) => ({
  magic: pickleOf(version, op.long1(MAGIC)),
  version: pickleOf(version, op.int(1001)),
  machine: pickleOf(version, dictOf(['little_endian', op.true])),
  keys: pickleOf(version, listOf(op.str('0'))),
})
const program = (version) => pickleOf(version, dictOf(['w', tensorOf(version)]))
const legacyOf = (version, changed = {}) =>
  legacyFile(program(version), [['0', 4, FLOATS]], { ...head(version), ...changed })

const loads = (name, file) => ({ group: 'protocols', name, file, loads: loaded })
const refused = (name, file, says) => ({ group: 'protocols', name, file, refuse: FORMAT, says })

/** The first pickle with another length of its frame. */
const framed = (length) => bytes(op.proto(4), 0x95, little(length, 8), op.long1(MAGIC), op.stop)
const shell = bytes(stackGlobal('os', 'system'), tupleOf(op.str('touch made')), op.reduce)

export const protocolCases = [
  ...[2, 3, 4, 5].flatMap((version) => [
    loads(`a legacy file of protocol ${version}`, legacyOf(version)),
    loads(`an archive of protocol ${version}`, zipFile(program(version))),
    refused(`a legacy file of protocol ${version} cut in its numbers`, legacyOf(version).subarray(0, -5)),
  ]),
  ...[0, 1, 6, 255].map((version) =>
    refused(`an archive of protocol ${version}`, zipFile(bytes(0x80, version, dictOf(), op.stop)), 'protocol'),
  ),
  refused('a framed pickle that is no torch file', pickleOf(4, dictOf(['w', op.int(1)])), 'no torch file'),
  refused('a framed pickle cut in its frame', legacyOf(4).subarray(0, 14)),
  refused('a framed pickle of eleven bytes', legacyOf(4).subarray(0, 11)),
  refused('os.system by its names on the stack', legacyOf(4, { keys: pickleOf(4, shell) }), 'os.system'),
  refused('os.system before the magic number', legacyOf(5, { magic: pickleOf(5, shell) }), 'os.system'),
  refused('a class of protocol 4 in an archive', zipFile(pickleOf(4, call('builtins', 'eval', op.str('1')))), 'eval'),
  // Python reads a frame at a time; here its length means nothing, since no byte is taken before it is there.
  loads('a frame that claims too little', legacyOf(4, { magic: framed(1) })),
  loads('a frame that claims the memory of the machine', legacyOf(4, { magic: framed(2n ** 40n - 1n) })),
]
