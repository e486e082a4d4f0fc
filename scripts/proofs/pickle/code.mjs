// Cases that request code: classes and functions of Python, in every way that a pickle has.
import { bytes, call, dictOf, op, pickle, storage, tensor, tupleOf, zipFile, legacyFile } from './write.mjs'

const FORMAT = 'ERR_LORA_FORMAT'
/** The file that the payloads would write: in the folder of the process that loads. */
const MARKER = 'code_was_run'
const shell = op.str(`touch ${MARKER}`)
const python = op.str(`open('${MARKER}', 'w')`)

/** The calls, with an argument that would make the marker. */
const CALLS = [
  ['os', 'system', shell],
  ['posix', 'system', shell],
  ['nt', 'system', shell],
  ['os', 'popen', shell],
  ['subprocess', 'Popen', shell],
  ['subprocess', 'check_output', shell],
  ['builtins', 'eval', python],
  ['builtins', 'exec', python],
  ['__builtin__', 'eval', python],
  ['builtins', 'open', op.str(MARKER)],
  ['builtins', 'getattr', op.str('x')],
  ['builtins', '__import__', op.str('os')],
  ['importlib', 'import_module', op.str('os')],
  ['runpy', 'run_path', op.str(MARKER)],
  ['pickle', 'loads', op.str('x')],
  ['_pickle', 'loads', op.str('x')],
  ['operator', 'attrgetter', op.str('system')],
  ['functools', 'partial', op.none],
  ['ctypes', 'CDLL', op.str('libc.so.6')],
  ['shutil', 'rmtree', op.str('.')],
  ['webbrowser', 'open', op.str('http://localhost')],
  ['torch', 'load', op.str(MARKER)],
  ['torch.storage', '_load_from_bytes', op.str('x')],
  ['torch.hub', 'load', op.str('x')],
  ['torch.jit', 'load', op.str('x')],
  ['torch._utils', '_rebuild_tensor_v2.__globals__', op.str('x')],
  ['torch.serialization', 'os.system', shell],
  ['collections', 'OrderedDict.__init__.__globals__', op.str('x')],
  ['collections.abc', 'OrderedDict', op.none],
  ['numpy.core.multiarray', '_reconstruct', op.none],
  ['numpy', 'fromfile', op.str('/etc/passwd')],
  ['', 'OrderedDict', op.none],
  ['collections ', 'OrderedDict', op.none],
]

const refused = (name, program, container = zipFile) => ({
  group: 'requests code',
  name,
  file: container(program),
  refuse: FORMAT,
})

const stackGlobal = (module, name) => bytes(op.str(module), op.str(name), op.stackGlobal)

export const codeCases = [
  ...CALLS.map(([module, name, argument]) => ({
    ...refused(`${module}.${name}`, pickle(call(module, name, argument))),
    says: `${module}.${name}`,
  })),
  refused('os.system in a legacy file', pickle(call('os', 'system', shell)), legacyFile),
  {
    ...refused('os.system instead of the magic number', '', () =>
      legacyFile(pickle(op.emptyDict), [], { magic: pickle(call('os', 'system', shell)) }),
    ),
    says: 'os.system',
  },
  {
    ...refused('os.system in the list of storages', '', () =>
      legacyFile(pickle(tensor()), [], { keys: pickle(call('os', 'system', shell)) }),
    ),
    says: 'os.system',
  },
  {
    ...refused('STACK_GLOBAL os.system', pickle(stackGlobal('os', 'system'), tupleOf(shell), op.reduce)),
    says: 'os.system',
  },
  refused('STACK_GLOBAL of a dotted path', pickle(stackGlobal('torch._utils', '_rebuild_tensor_v2.__code__'))),
  refused('a name of 100,000 letters', pickle(op.global('os', 'x'.repeat(100_000)))),
  refused('a name that is not UTF-8', pickle(bytes('cos\n', 0xff, 0xfe, '\n'))),
  refused('a name without an end', bytes(op.proto(), 'cos\nsystem')),
  refused('a function behind a key', pickle(dictOf(['x', op.global('os', 'system')]))),
  refused('an allowed function as a value', pickle(dictOf(['x', op.global('torch._utils', '_rebuild_tensor_v2')]))),
  refused('a storage class as a value', pickle(dictOf(['x', op.global('torch', 'FloatStorage')]))),
  refused('a bare storage', pickle(dictOf(['x', storage()]))),
  refused('OrderedDict of a text', pickle(call('collections', 'OrderedDict', op.str('x')))),
  refused('OrderedDict of numbers', pickle(call('collections', 'OrderedDict', bytes(']', op.int(1), 'a')))),
  refused('_rebuild_tensor_v2 without arguments', pickle(call('torch._utils', '_rebuild_tensor_v2'))),
  refused(
    '_rebuild_parameter of a text',
    pickle(call('torch._utils', '_rebuild_parameter', op.str('x'), op.true, op.none)),
  ),
  refused(
    '_rebuild_from_type_v2 of itself',
    pickle(
      call(
        'torch._tensor',
        '_rebuild_from_type_v2',
        op.global('torch._tensor', '_rebuild_from_type_v2'),
        op.global('torch', 'Tensor'),
        op.emptyTuple,
        op.none,
      ),
    ),
  ),
  refused(
    'BUILD with a forbidden attribute',
    pickle(op.emptyDict, dictOf(['__class__', op.global('os', 'system')]), op.build),
  ),
]
