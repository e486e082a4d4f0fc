import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import * as lora from 'loralib'
import { numbers, same } from '../support/close.js'
import { wrongUses } from '../support/errors.js'
import { Name, Tuple, View, floats, legacyFile, storage, zipFile } from '../support/torch.js'
import type { Value } from '../support/torch.js'
import { removeFolder } from '../support/files.js'

const { models, nn, FileError, FormatError, UnsupportedError } = lora
const FORMAT = 'ERR_LORA_FORMAT'

const folder = mkdtempSync(join(tmpdir(), 'loralib-torch-'))
test.after.always(() => removeFolder(folder))

let last = 0

/** A file of these bytes. */
function file(bytes: Uint8Array | string, name = `f${++last}.pt`): string {
  const path = join(folder, name)
  writeFileSync(path, bytes)
  return path
}

const saved = (value: Value): Promise<lora.TorchObject> => lora.load<lora.TorchObject>(file(zipFile(value)))
const tensorOf = (value: lora.TorchValue | undefined): lora.Tensor => value as lora.Tensor

const WRITERS = { zip: zipFile, legacy: legacyFile }

for (const [form, write] of Object.entries(WRITERS)) {
  test(`load: a state dict of torch.save, ${form} form, read and mapped`, async (t) => {
    const path = file(
      write({ weight: new View(floats(1, 2, 3, 4, 5, 6), [2, 3]), bias: new View(floats(-1, 0.5), [2]) }),
    )
    for (const mapped of [false, true]) {
      const dict = await lora.load(path, { mapped })
      t.deepEqual(Object.keys(dict), ['weight', 'bias'])
      t.deepEqual([dict['weight']!.shape, dict['weight']!.dtype], [[2, 3], 'f32'])
      await same(t, dict['weight']!, [1, 2, 3, 4, 5, 6])
      await same(t, dict['bias']!, [-1, 0.5])
    }
  })

  test(`load: views of one storage come out contiguous, ${form} form`, async (t) => {
    const whole = floats(0, 1, 2, 3, 4, 5)
    const path = file(
      write({
        whole: new View(whole, [2, 3]),
        transposed: new View(whole, [3, 2], [1, 3]),
        tail: new View(whole, [2], [1], 4),
        every: new View(whole, [3], [2], 1),
        repeated: new View(whole, [2, 2], [0, 1], 2),
        scalar: new View(whole, [], [], 5),
        empty: new View(floats(), [0, 4]),
      }),
    )
    for (const mapped of [false, true]) {
      const dict = await lora.load(path, { mapped })
      await same(t, dict['whole']!, [0, 1, 2, 3, 4, 5])
      await same(t, dict['transposed']!, [0, 3, 1, 4, 2, 5])
      await same(t, dict['tail']!, [4, 5])
      await same(t, dict['every']!, [1, 3, 5])
      await same(t, dict['repeated']!, [2, 3, 2, 3])
      t.deepEqual([await dict['scalar']!.item(), dict['scalar']!.shape], [5, []])
      t.deepEqual([await numbers(dict['empty']!), dict['empty']!.shape], [[], [0, 4]])
    }
  })
}

for (const protocol of [3, 4, 5]) {
  test(`load: files written with pickle protocol ${protocol}, both forms`, async (t) => {
    const object = { weight: new View(floats(1, 2, 3, 4), [2, 2]), step: 7, name: 'é', list: [1, null] }
    for (const written of [legacyFile(object, protocol), zipFile(object, {}, protocol)]) {
      const dict = await lora.load<lora.TorchObject>(file(written))
      await same(t, tensorOf(dict['weight']), [1, 2, 3, 4])
      t.deepEqual([dict['step'], dict['name'], dict['list']], [7, 'é', [1, null]])
    }
  })
}

test('load: every dtype of torch that there is a dtype for', async (t) => {
  const types = {
    DoubleStorage: ['f64', new Float64Array([0.1, -2]), 8, [0.1, -2]],
    FloatStorage: ['f32', new Float32Array([0.5, -2]), 4, [0.5, -2]],
    HalfStorage: ['f16', new Uint16Array([0x3c00, 0xc000]), 2, [1, -2]],
    BFloat16Storage: ['bf16', new Uint16Array([0x3f80, 0xc000]), 2, [1, -2]],
    LongStorage: ['i64', new BigInt64Array([-5n, 7n]), 8, [-5, 7]],
    IntStorage: ['i64', new Int32Array([-5, 7]), 4, [-5, 7]],
    ShortStorage: ['i64', new Int16Array([-5, 7]), 2, [-5, 7]],
    CharStorage: ['i64', new Int8Array([-5, 7]), 1, [-5, 7]],
    ByteStorage: ['u8', new Uint8Array([250, 7]), 1, [250, 7]],
    BoolStorage: ['bool', new Uint8Array([1, 0]), 1, [1, 0]],
  } as const
  const rows = Object.entries(types)
  const dict = await saved(
    Object.fromEntries(rows.map(([type, [, data, size]]) => [type, new View(storage(type, data, size), [2])])),
  )
  for (const [type, [dtype, , , want]] of rows) {
    t.is(tensorOf(dict[type]).dtype, dtype, type)
    await same(t, tensorOf(dict[type]), [...want])
  }
})

test('load: numbers of a big-endian machine are swapped', async (t) => {
  const swapped = Float32Array.of(1.5, -2)
  new Uint8Array(swapped.buffer, 0, 4).reverse()
  new Uint8Array(swapped.buffer, 4, 4).reverse()
  const path = file(zipFile({ w: new View(storage('FloatStorage', swapped, 4), [2]) }, { byteorder: 'big' }))
  for (const mapped of [false, true]) await same(t, (await lora.load(path, { mapped }))['w']!, [1.5, -2])
})

test('load: the object of a training script comes as plain values', async (t) => {
  const shared = new View(floats(1, 2), [2], [1], 0, true)
  const object = await saved({
    epoch: 3,
    loss: 0.25,
    best: Infinity,
    big: 2n ** 70n,
    negative: -(2n ** 65n),
    name: 'é',
    done: false,
    nothing: null,
    shape: new Name('torch', 'Size', [new Tuple([2, 3])]),
    dtype: new Name('torch', 'bfloat16'),
    device: new Name('torch', 'device', ['cuda', 1]),
    list: [1, [2, shared]],
    state: new Map<Value, Value>([
      [0, { step: new View(floats(7), []) }],
      ['lr', 0.5],
    ]),
  })
  t.is(Object.getPrototypeOf(object), null)
  const { list, state, ...rest } = object
  t.deepEqual({ ...rest }, {
    epoch: 3,
    loss: 0.25,
    best: Infinity,
    big: 2n ** 70n,
    negative: -(2n ** 65n),
    name: 'é',
    done: false,
    nothing: null,
    shape: [2, 3],
    dtype: 'torch.bfloat16',
    device: 'cuda:1',
  } as never)
  await same(t, tensorOf(((list as lora.TorchValue[])[1] as lora.TorchValue[])[1]), [1, 2])
  t.true(state instanceof Map)
  const map = state as Map<number | string, lora.TorchObject | number>
  t.deepEqual([...map.keys()], [0, 'lr'])
  t.is(await tensorOf((map.get(0) as lora.TorchObject)['step']).item(), 7)
})

test('load: a tensor alone, and names that objects have by birth', async (t) => {
  await same(t, await lora.load<lora.Tensor>(file(zipFile(new View(floats(4), [1])))), [4])
  const object = await saved(
    new Map<Value, Value>([
      ['__proto__', { polluted: true }],
      ['constructor', 1],
    ]),
  )
  t.deepEqual(Object.keys(object), ['__proto__', 'constructor'])
  t.is(({} as { polluted?: boolean }).polluted, undefined)
})

test('load: the content says what a file is, not its name', async (t) => {
  await same(t, (await lora.load(file(zipFile({ w: new View(floats(3), [1]) }), 'torch.safetensors')))['w']!, [3])
  await lora.save({ w: lora.tensor([4]) }, join(folder, 'safe.safetensors'))
  renameSync(join(folder, 'safe.safetensors'), join(folder, 'safe.pt'))
  await same(t, (await lora.load(join(folder, 'safe.pt')))['w']!, [4])
})

const bad = (view: View): string => file(zipFile({ w: view }))
const call = (module: string, name: string, ...args: Value[]): string =>
  file(zipFile({ x: new Name(module, name, args) }))

wrongUses('files of torch.save', [
  [
    'os.system',
    () => lora.load(call('os', 'system', 'true')),
    FormatError,
    FORMAT,
    { message: /os\.system/, at: 'await' },
  ],
  [
    'a whole model',
    () => lora.load(call('torch.nn.modules.linear', 'Linear')),
    FormatError,
    FORMAT,
    { message: /torch\.nn\.modules\.linear\.Linear/, hint: /state_dict/, at: 'await' },
  ],
  [
    'a numpy array',
    () => lora.load(call('numpy.core.multiarray', '_reconstruct')),
    FormatError,
    FORMAT,
    { hint: /numpy/, at: 'await' },
  ],
  [
    'a pickle that is no checkpoint',
    () => lora.load(file(Buffer.from('\x80\x02}q\x00.', 'latin1'))),
    FormatError,
    FORMAT,
    { message: /no torch file/, at: 'await' },
  ],
  [
    'a view past the end',
    () => lora.load(bad(new View(floats(1, 2), [2], [1], 1))),
    FormatError,
    FORMAT,
    { received: /offset 1/, at: 'await' },
  ],
  [
    'a view that would fill the memory',
    () => lora.load(bad(new View(floats(1), [2 ** 30], [0]))),
    FormatError,
    FORMAT,
    { expected: /8 times the file/, at: 'await' },
  ],
  [
    'complex numbers',
    () => lora.load(bad(new View(storage('ComplexFloatStorage', new Float64Array(2), 8), [2]))),
    UnsupportedError,
    'ERR_LORA_UNSUPPORTED',
    { message: /complex/, at: 'await' },
  ],
  [
    'a file that is cut short',
    () => lora.load(file(zipFile({ w: new View(floats(1), [1]) }).subarray(0, -30))),
    FormatError,
    FORMAT,
    { message: /cut short/, at: 'await' },
  ],
  [
    'the header of a file that has none',
    () => lora.loadHeader(file(zipFile({}))),
    FormatError,
    FORMAT,
    { hint: /load\(\)/, at: 'await' },
  ],
  [
    'an option that there is not',
    () => lora.load(file(zipFile({})), { mapd: true } as never),
    lora.OptionError,
    'ERR_LORA_OPTION',
    { message: /mapd/, at: 'await' },
  ],
])

const linear = (): lora.nn.Linear => new nn.Linear(2, 1)
const weight = (...values: number[]): View => new View(floats(...values), [1, 2])
const bias = (): View => new View(floats(9), [1])

for (const wrapper of ['model_state_dict', 'state_dict', 'model']) {
  test(`loadStateDict: finds the state dict under ${wrapper}`, async (t) => {
    const model = linear()
    const checkpoint = await saved({
      [wrapper]: { weight: weight(1, 2), bias: bias() },
      step: 5,
      optimizer: { lr: 0.1 },
    })
    t.deepEqual(model.loadStateDict(checkpoint as never), { missingKeys: [], unexpectedKeys: [] })
    await same(t, model.weight, [1, 2])
  })
}

test('loadStateDict: takes a prefix module. off when the model has none', async (t) => {
  const model = linear()
  model.loadStateDict(
    await lora.load(file(zipFile({ model: { 'module.weight': weight(3, 4), 'module.bias': bias() } }))),
  )
  await same(t, model.weight, [3, 4])
  class Wrapped extends nn.Module {
    module = linear()
    forward(x: lora.Tensor): lora.Tensor {
      return this.module.forward(x)
    }
  }
  const wrapped = new Wrapped()
  wrapped.loadStateDict(await lora.load(file(zipFile({ 'module.weight': weight(5, 6), 'module.bias': bias() }))))
  await same(t, wrapped.module.weight, [5, 6])
})

test('loadStateDict: what is not clear stays an error', async (t) => {
  const load = async (value: Value): Promise<void> => void linear().loadStateDict(await lora.load(file(zipFile(value))))
  const both = { weight: weight(1, 2), bias: bias() }
  await t.throwsAsync(load({ model: both, state_dict: both }), { code: 'ERR_LORA_OPTION', message: /not a tensor/ })
  await t.throwsAsync(load({ 'module.weight': weight(1, 2), bias: bias() }), { code: 'ERR_LORA_KEY' })
  await t.throwsAsync(load({ weights: both }), { code: 'ERR_LORA_OPTION', message: /holds the state dict/ })
})

test('load: an index gives the tensors of all shards; its names cannot leave the folder', async (t) => {
  file(zipFile({ a: new View(floats(1), [1]), b: new View(floats(2), [1]) }), 'one.bin')
  await lora.save({ c: lora.tensor([3]) }, join(folder, 'two.safetensors'))
  const index = (map: object): string =>
    file(JSON.stringify({ weight_map: map }), `pytorch_model-${++last}.bin.index.json`)
  const dict = await lora.load(index({ c: 'two.safetensors', a: 'one.bin' }))
  t.deepEqual(Object.keys(dict), ['c', 'a'])
  await same(t, dict['c']!, [3])
  await same(t, dict['a']!, [1])
  await t.throwsAsync(lora.load(index({ a: '../one.bin' })), { code: FORMAT, message: /outside its folder/ })
  await t.throwsAsync(lora.load(index({ z: 'one.bin' })), { code: FORMAT, message: /z in one\.bin/ })
  await t.throwsAsync(lora.load(index({ a: 'none.bin' })), { instanceOf: FileError, message: /none\.bin/ })
})

test('fromPretrained: reads pytorch_model.bin, whole and in shards, and no shard outside the folder', async (t) => {
  const config = { vocab_size: 7, n_positions: 4, n_embd: 4, n_layer: 1, n_head: 2, eos_token_id: 6 }
  const model = models.GPT2LMHeadModel.fromConfig(config, { generator: new lora.Generator(5) })
  const want = await numbers(model.eval().forward([[1, 2, 3]]).logits)
  const home = join(folder, 'model')
  await model.savePretrained(home)
  const [views, dict] = [{} as Record<string, View>, await lora.load(join(home, 'model.safetensors'))]
  for (const [name, tensor] of Object.entries(dict))
    views[name] = new View(floats(...(await numbers(tensor))), tensor.shape)
  rmSync(join(home, 'model.safetensors'))
  const logits = async (): Promise<number[]> =>
    numbers((await models.GPT2LMHeadModel.fromPretrained(home)).eval().forward([[1, 2, 3]]).logits)

  file(zipFile(views), 'model/pytorch_model.bin')
  t.deepEqual(await logits(), want)

  rmSync(join(home, 'pytorch_model.bin'))
  const names = Object.keys(views)
  const part = (keep: (i: number) => boolean): Value =>
    Object.fromEntries(Object.entries(views).filter((_, i) => keep(i)))
  file(zipFile(part((i) => i % 2 === 0)), 'model/a.bin')
  file(zipFile(part((i) => i % 2 === 1)), 'model/b.bin')
  const index = (prefix: string): string =>
    JSON.stringify({
      weight_map: Object.fromEntries(names.map((name, i) => [name, i % 2 === 0 ? `${prefix}a.bin` : 'b.bin'])),
    })
  file(index(''), 'model/pytorch_model.bin.index.json')
  t.deepEqual(await logits(), want)
  file(index('../model/'), 'model/pytorch_model.bin.index.json')
  await t.throwsAsync(logits(), { code: FORMAT, message: /outside its folder/ })
})
