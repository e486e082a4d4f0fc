import { mkdirSync, mkdtempSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import * as lora from 'loralib'
import { numbers, same } from '../support/close.js'
import { caught, wrongUses } from '../support/errors.js'
import { removeFolder } from '../support/files.js'

const { nn, models, FileError, FormatError, KeyError, OptionError } = lora
const FORMAT = 'ERR_LORA_FORMAT'

const folder = mkdtempSync(join(tmpdir(), 'loralib-errors-'))
test.after.always(() => removeFolder(folder))

let last = 0

/** A file of these bytes. */
function file(bytes: Uint8Array | string, name = `f${++last}.safetensors`): string {
  const path = join(folder, name)
  writeFileSync(path, bytes)
  return path
}

/** A safetensors file with this header and so many bytes of numbers. */
function safetensors(header: object | string, dataBytes: number): string {
  const text = typeof header === 'string' ? header : JSON.stringify(header)
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(Buffer.byteLength(text)))
  return file(Buffer.concat([length, Buffer.from(text), Buffer.alloc(dataBytes)]))
}

const x = (begin: number, end: number, shape = [2], dtype = 'F32') => ({ dtype, shape, data_offsets: [begin, end] })
const two =
  '{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"x":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}'
const whole = () => Buffer.from(readFileSync(safetensors({ x: x(0, 8) }, 8)))
const huge = () => {
  const b = Buffer.alloc(16)
  b.writeBigUInt64LE(1n << 60n)
  return b
}

const both = (path: string) => async () => {
  // Read and mapped must refuse the same files.
  const { error } = await caught(() => lora.load(path, { mapped: true }))
  if (!(error instanceof lora.LoraError)) throw new Error('the mapped load took the file')
  return lora.load(path)
}

wrongUses('weight files', [
  [
    'a file that is not there',
    () => lora.load(join(folder, 'none.safetensors')),
    FileError,
    'ERR_LORA_FILE',
    { message: /none\.safetensors/, at: 'await' },
  ],
  [
    'a folder instead of a file',
    () => lora.load(folder),
    FileError,
    'ERR_LORA_FILE',
    { message: /loralib-errors/, at: 'await' },
  ],
  ['an empty file', both(file('')), FormatError, FORMAT, { at: 'await' }],
  ['garbage', both(file('this is no weight file, only text')), FormatError, FORMAT, { at: 'await' }],
  [
    'a pickle',
    both(file(Buffer.from([0x80, 2, 0x8a, 10, 1, 2, 3, 4, 5, 6, 7, 8]))),
    FormatError,
    FORMAT,
    { at: 'await' },
  ],
  ['a header longer than the file', both(file(huge())), FormatError, FORMAT, { at: 'await' }],
  ['a file cut in its header', both(file(whole().subarray(0, 20))), FormatError, FORMAT, { at: 'await' }],
  [
    'a file cut in its numbers',
    both(file(whole().subarray(0, whole().length - 1))),
    FormatError,
    FORMAT,
    { at: 'await' },
  ],
  [
    'bytes after the numbers',
    both(file(Buffer.concat([whole(), Buffer.alloc(4)]))),
    FormatError,
    FORMAT,
    { at: 'await' },
  ],
  ['a header that is no JSON', both(safetensors('{"x": ', 0)), FormatError, FORMAT, { at: 'await' }],
  ['a name twice', both(safetensors(two, 8)), FormatError, FORMAT, { message: /x/, at: 'await' }],
  ['tensors that overlap', both(safetensors({ x: x(0, 8), y: x(4, 12) }, 12)), FormatError, FORMAT, { at: 'await' }],
  ['a hole between tensors', both(safetensors({ x: x(0, 8), y: x(12, 20) }, 20)), FormatError, FORMAT, { at: 'await' }],
  [
    'offsets that do not fit the shape',
    both(safetensors({ x: x(0, 8, [3]) }, 8)),
    FormatError,
    FORMAT,
    { message: /x/, at: 'await' },
  ],
  [
    'a shape that overflows',
    both(safetensors({ x: x(0, 8, [2 ** 40, 2 ** 40]) }, 8)),
    FormatError,
    FORMAT,
    { at: 'await' },
  ],
  [
    'a dtype that is not supported',
    () => lora.load(safetensors({ x: x(0, 2, [2], 'F8_E4M3') }, 2)),
    lora.UnsupportedError,
    'ERR_LORA_UNSUPPORTED',
    { message: /F8/, at: 'await' },
  ],
  [
    'a dtype that there is not',
    () => lora.load(safetensors({ x: x(0, 2, [2], 'F7') }, 2)),
    FormatError,
    FORMAT,
    { message: /F7/, at: 'await' },
  ],
  [
    'saving into a folder that is not there',
    () => lora.save({ x: lora.ones([1]) }, join(folder, 'none', 'x.safetensors')),
    FileError,
    'ERR_LORA_FILE',
    { at: 'await' },
  ],
  ['saving onto a folder', () => lora.save({ x: lora.ones([1]) }, folder), FileError, 'ERR_LORA_FILE', { at: 'await' }],
  [
    'saving what is no value',
    () => lora.save({ x: () => 1 }, join(folder, 'x.safetensors')),
    OptionError,
    'ERR_LORA_OPTION',
    { message: /x cannot be saved/, at: 'await' },
  ],
  [
    'saving under the name of the metadata',
    () => lora.save({ __metadata__: lora.ones([1]) }, join(folder, 'x.safetensors')),
    OptionError,
    'ERR_LORA_OPTION',
    { at: 'await' },
  ],
  [
    'a model folder without config.json',
    () => models.GPT2LMHeadModel.fromPretrained(folder),
    FileError,
    'ERR_LORA_FILE',
    { message: /config\.json/, at: 'await' },
  ],
])

const linear = () => new nn.Sequential(new nn.Linear(2, 3), new nn.Linear(3, 1))
const dict = () => ({ ...linear().stateDict() })

function without(key: string): Record<string, lora.Tensor> {
  const { [key]: _, ...rest } = dict()
  return rest
}

wrongUses('state dicts', [
  [
    'a missing key',
    () => linear().loadStateDict(without('1.bias')),
    KeyError,
    'ERR_LORA_KEY',
    { received: /1 missing: 1\.bias/, hint: /strict/ },
  ],
  [
    'an unexpected key',
    () => linear().loadStateDict({ ...dict(), extra: lora.ones([1]) }),
    KeyError,
    'ERR_LORA_KEY',
    { received: /1 unexpected: extra/ },
  ],
  [
    'a key of another shape',
    () => linear().loadStateDict({ ...dict(), '0.weight': lora.ones([2, 3]) }),
    KeyError,
    'ERR_LORA_KEY',
    { received: /0\.weight \(2, 3\) for \(3, 2\)/ },
  ],
  [
    'a key of another shape, not strict',
    () => linear().loadStateDict({ '0.weight': lora.ones([2, 3]) }, { strict: false }),
    KeyError,
    'ERR_LORA_KEY',
    { hint: /sizes/ },
  ],
  [
    'all three at once',
    () => linear().loadStateDict({ ...without('1.bias'), extra: lora.ones([1]), '0.weight': lora.ones([1]) }),
    KeyError,
    'ERR_LORA_KEY',
    { received: /1 missing: 1\.bias; 1 unexpected: extra; 1 of another shape: 0\.weight/ },
  ],
])

test.serial('state dicts: a refused one changes nothing', async (t) => {
  const model = linear()
  const before = await Promise.all(model.parameters().map(numbers))
  const versions = model.parameters().map((p) => p.version)
  t.throws(() => model.loadStateDict({ ...dict(), '1.bias': lora.ones([2]) }), { instanceOf: KeyError })
  t.deepEqual(await Promise.all(model.parameters().map(numbers)), before)
  t.deepEqual(
    model.parameters().map((p) => p.version),
    versions,
  )
})

test.serial('save: a failed save keeps the file that was there and leaves nothing behind', async (t) => {
  const home = join(folder, 'kept')
  mkdirSync(home)
  const path = join(home, 'a.safetensors')
  await lora.save({ x: lora.tensor([1, 2]) }, path)
  const bad = new nn.Embedding(2, 1).forward(lora.tensor([5n]))
  await t.throwsAsync(lora.save({ x: bad }, path), { code: 'ERR_LORA_INDEX' })
  t.deepEqual(readdirSync(home), ['a.safetensors'])
  await same(t, (await lora.load(path))['x']!, [1, 2])
})

test.serial('load: names that objects have by birth are names like any other', async (t) => {
  const path = join(folder, 'proto.safetensors')
  await lora.save(
    { constructor: lora.tensor([1]), ['__proto__']: lora.tensor([2]), toString: lora.tensor([3]) } as never,
    path,
  )
  const back = await lora.load(path)
  t.true(Object.keys(back).includes('constructor'))
})
