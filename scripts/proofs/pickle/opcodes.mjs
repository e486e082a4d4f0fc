// Cases about single opcodes: truncated in their argument, without their operands, or not among those of a checkpoint.
import { bytes, call, dictOf, listOf, little, op, pickle, tensor, tupleOf, zipFile } from './write.mjs'

const FORMAT = 'ERR_LORA_FORMAT'
const UNSUPPORTED = 'ERR_LORA_UNSUPPORTED'

/** Name → opcode with its argument; the last byte of the argument is missing, and so is STOP. */
const WITH_ARGUMENT = {
  PROTO: bytes(0x80, 2),
  FRAME: bytes(0x95, little(1, 8)),
  BININT: op.int(7),
  BININT1: bytes('K', 7),
  BININT2: bytes('M', 7, 0),
  LONG1: op.long1(Buffer.from([1, 2])),
  LONG4: op.long4(2, Buffer.from([1, 2])),
  BINFLOAT: op.float(1.5),
  BINUNICODE: op.str('text'),
  SHORT_BINUNICODE: bytes(0x8c, 4, 'text'),
  BINUNICODE8: bytes(0x8d, little(4, 8), 'text'),
  SHORT_BINSTRING: bytes('U', 4, 'text'),
  BINSTRING: bytes('T', little(4, 4), 'text'),
  GLOBAL: op.global('collections', 'OrderedDict'),
  BINPUT: bytes(']', op.shortPut(0)),
  LONG_BINPUT: bytes(']', op.put(0)),
  BINGET: bytes(']', op.shortPut(0), op.shortGet(0)),
  LONG_BINGET: bytes(']', op.put(0), op.get(0)),
}

/** Opcodes without the operands that they need. */
const WITHOUT_OPERANDS = {
  TUPLE: op.tuple,
  TUPLE1: op.tuple1,
  TUPLE2: bytes('N', op.tuple2),
  TUPLE3: bytes('NN', 0x87),
  APPEND: bytes(']', op.append),
  'APPEND to nothing': bytes('N', op.append),
  'APPEND to a tuple': bytes(')N', op.append),
  APPENDS: bytes(']N', op.appends),
  'APPENDS to a dict': bytes('}(N', op.appends),
  SETITEM: bytes('N', op.setItem),
  'SETITEM on a list': bytes(']NN', op.setItem),
  SETITEMS: bytes('}NN', op.setItems),
  'SETITEMS with a key and no value': bytes('}(N', op.setItems),
  REDUCE: bytes(')', op.reduce),
  'REDUCE of a text': bytes(op.str('os.system'), ')', op.reduce),
  'REDUCE without a tuple': bytes(op.global('collections', 'OrderedDict'), ']', op.reduce),
  NEWOBJ: bytes(')', op.newObject),
  'NEWOBJ of a function': bytes(op.global('torch', 'Size'), ')', op.newObject),
  BUILD: op.build,
  'BUILD of a list': bytes(']}', op.build),
  BINPERSID: op.persistent,
  STACK_GLOBAL: bytes(op.str('os'), op.stackGlobal),
  'STACK_GLOBAL of numbers': bytes(op.int(1), op.int(2), op.stackGlobal),
  BINPUT: op.shortPut(0),
  MEMOIZE: op.memoize,
  'BINGET of nothing': op.shortGet(9),
  'LONG_BINGET of nothing': op.get(2 ** 32 - 1),
  'an operand below a mark': bytes(']N', op.mark, op.append),
}

/** Opcodes that torch.save never writes, each with an argument that Python would accept. */
const NOT_OURS = {
  POP: bytes('N0'),
  POP_MARK: bytes('(1'),
  DUP: bytes('N2'),
  INT: bytes('I7\n'),
  LONG: bytes('L7L\n'),
  FLOAT: bytes('F1.5\n'),
  STRING: bytes("S'text'\n"),
  UNICODE: bytes('Vtext\n'),
  LIST: bytes('(l'),
  DICT: bytes('(d'),
  GET: bytes('g0\n'),
  PUT: bytes('Np0\n'),
  INST: bytes('(ios\nsystem\n'),
  OBJ: bytes('(', op.global('collections', 'OrderedDict'), 'o'),
  PERSID: bytes('Pstorage\n'),
  EXT1: bytes(0x82, 1),
  EXT2: bytes(0x83, 1, 0),
  EXT4: bytes(0x84, little(1, 4)),
  NEWOBJ_EX: bytes(op.global('collections', 'OrderedDict'), ')}', 0x92),
  NEXT_BUFFER: bytes(0x97),
  READONLY_BUFFER: bytes('N', 0x98),
  'opcode 0xff': bytes(0xff),
}

const OTHER_TYPES = {
  BINBYTES: bytes('B', little(1, 4), 'x'),
  SHORT_BINBYTES: bytes('C', 1, 'x'),
  BINBYTES8: bytes(0x8e, little(1, 8), 'x'),
  BYTEARRAY8: bytes(0x96, little(1, 8), 'x'),
  EMPTY_SET: bytes(0x8f),
  ADDITEMS: bytes(0x8f, '(', 0x90),
  FROZENSET: bytes('(', 0x91),
}

const good = pickle(
  dictOf(
    ['w', tensor()],
    ['list', listOf(op.int(1), op.float(2.5), op.true, op.none)],
    ['pair', tupleOf(op.int(-3), op.str('ü'))],
    ['size', call('torch', 'Size', tupleOf(op.int(2)))],
  ),
)

const refused = (name, program, code) => ({ name, file: zipFile(program), refuse: code })

export const opcodeCases = [
  ...Object.entries(WITH_ARGUMENT).map(([name, part]) => ({
    group: 'opcode cut in its argument',
    ...refused(name, bytes(op.proto(), part.subarray(0, -1)), FORMAT),
  })),
  ...Object.entries(WITHOUT_OPERANDS).map(([name, part]) => ({
    group: 'opcode without its operands',
    ...refused(name, pickle(part), FORMAT),
  })),
  ...Object.entries(NOT_OURS).map(([name, part]) => ({
    group: 'opcode that no checkpoint has',
    ...refused(name, pickle(part), FORMAT),
  })),
  ...Object.entries(OTHER_TYPES).map(([name, part]) => ({
    group: 'opcode that no checkpoint has',
    ...refused(name, pickle(part), UNSUPPORTED),
  })),
  // Only STOP ends a pickle: each prefix of a good one must be refused.
  ...Array.from({ length: 12 }, (_, i) => Math.floor((good.length * (i + 0.5)) / 12)).map((length) => ({
    group: 'pickle cut short',
    ...refused(`after ${length} of ${good.length} bytes`, good.subarray(0, length), FORMAT),
  })),
  { group: 'pickle cut short', ...refused('empty', '', FORMAT) },
  { group: 'pickle cut short', ...refused('STOP on an empty stack', pickle(), FORMAT) },
  {
    group: 'odd but good',
    name: 'every kind of plain value',
    file: zipFile(good),
    loads: {
      object: [
        ['w', { dtype: 'f32', shape: [2, 2], data: [1, 2, 3, 4] }],
        ['list', [1, 2.5, true, null]],
        ['pair', [-3, 'ü']],
        ['size', [2]],
      ],
    },
  },
]
