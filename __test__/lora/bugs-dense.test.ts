// Bugs of loralib's dense layers, by their numbers in docs/porting-from-loralib.md. Each test fails on upstream's behaviour, which
// `npm run proof:bugs` measures.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import * as lora from 'loralib'
import { close, numbers, same, wave } from '../support/close.js'
import { plus, product, rows, transposed } from '../support/reference.js'
import { isOnCandle } from '../support/kernels.js'

const { nn } = lora
const X = rows(wave(20, 0.4), 4)

/** Numbers from `wave` in every tensor of the layer, so that no update is zero. */
function fill<T extends lora.nn.Module>(layer: T): T {
  const filled = Object.entries(layer.stateDict()).map(([key, tensor], i) => [
    key,
    lora.tensor(new Float32Array(wave(tensor.numel, 0.7 + 0.3 * i)), { shape: tensor.shape }),
  ])
  layer.loadStateDict(Object.fromEntries(filled) as Record<string, lora.Tensor>)
  return layer
}

const matrix = async (tensor: lora.Tensor) => rows(await numbers(tensor), tensor.shape[1]!)

test('B7: MergedLinear: without an enabled block it is the plain layer, in training and in evaluation', async (t) => {
  for (const options of [{ r: 4 }, { r: 4, enableLora: [false, false, false] }]) {
    const layer = fill(new lora.MergedLinear(4, 6, options))
    t.deepEqual(Object.keys(layer.stateDict()), ['weight', 'bias'])
    const bias = await numbers(layer.bias!)
    const want = product(X, transposed(await matrix(layer.weight))).flatMap((row) => row.map((y, j) => y + bias[j]!))
    await close(t, layer.forward(lora.tensor(X)), want)
    await layer.forward(lora.tensor(X)).sum().backward()
    t.true(layer.weight.hasGrad)
    await close(
      t,
      lora.noGrad(() => layer.eval().forward(lora.tensor(X))),
      want,
    )
  }
})

test('B8: MergedLinear: both layouts of the weight give the same sums, merged and not', async (t) => {
  for (const fanInFanOut of [false, true]) {
    const options = { r: 2, loraAlpha: 4, enableLora: [true, false, true], fanInFanOut }
    const layer = fill(new lora.MergedLinear(4, 6, options))
    const [a, b] = [await matrix(layer.loraA!), await matrix(layer.loraB!)]
    const zero = [new Array<number>(4).fill(0), new Array<number>(4).fill(0)]
    const delta = [...product(b.slice(0, 2), a.slice(0, 2)), ...zero, ...product(b.slice(2), a.slice(2))]
    const stored = await matrix(layer.weight)
    const weight = plus(fanInFanOut ? transposed(stored) : stored, delta, 2)
    const bias = await numbers(layer.bias!)
    const want = product(X, transposed(weight)).flatMap((row) => row.map((y, j) => y + bias[j]!))
    await close(t, layer.forward(lora.tensor(X)), want)
    await close(
      t,
      lora.noGrad(() => layer.eval().forward(lora.tensor(X))),
      want,
    )
  }
})

test.serial(
  'B9: MergedLinear: a training step makes no dense update, neither for a moment nor for backward',
  async (t) => {
    if (isOnCandle(t, 'bytes are not counted')) return
    const [inFeatures, outFeatures] = [512, 1536]
    const layer = fill(new lora.MergedLinear(inFeatures, outFeatures, { r: 4, enableLora: [true, false, true] }))
    const x = lora.rand([4, inFeatures], { requiresGrad: true })
    await layer.forward(x).sum().backward()
    await lora.settle()
    const { liveBytes, peakBytes } = lora.memory()
    // Fills memory up to its high-water mark, so that all that the step takes shows in it.
    const filler = lora.zeros([Math.ceil((peakBytes - liveBytes) / 4) + 1])
    await lora.settle()
    const before = lora.memory().peakBytes
    await layer.forward(x).sum().backward()
    await lora.settle()
    const taken = lora.memory().peakBytes - before
    filler.dispose()
    t.true(
      taken > 0 && taken < (inFeatures * outFeatures * 4) / 4,
      `${taken} bytes; the dense update has ${4 * inFeatures * outFeatures}`,
    )
  },
)

test('B10: MergedLinear: enableLora takes booleans only; integers are an error that says so', (t) => {
  for (const enableLora of [
    [1, 0, 1],
    [true, 0, true],
    ['true', 'false', 'true'],
  ]) {
    const error = t.throws(() => new lora.MergedLinear(8, 6, { r: 2, enableLora: enableLora as never }), {
      instanceOf: lora.OptionError,
    })
    t.regex(error!.expected, /true and false/)
  }
})

test('B11: MergedLinear: unequal blocks, as the fused projection of grouped-query attention, merged and not', async (t) => {
  const options = { r: 2, loraAlpha: 4, blocks: [4, 1, 1], enableLora: [true, false, true] }
  const layer = fill(new lora.MergedLinear(4, 6, options))
  t.deepEqual(
    [layer.loraA!.shape, layer.loraB!.shape],
    [
      [4, 4],
      [5, 2],
    ],
  )
  const [a, b] = [await matrix(layer.loraA!), await matrix(layer.loraB!)]
  const delta = [...product(b.slice(0, 4), a.slice(0, 2)), [0, 0, 0, 0], ...product(b.slice(4), a.slice(2))]
  const bias = await numbers(layer.bias!)
  const weight = plus(await matrix(layer.weight), delta, 2)
  const want = product(X, transposed(weight)).flatMap((row) => row.map((y, j) => y + bias[j]!))
  await close(t, layer.forward(lora.tensor(X)), want)
  await close(
    t,
    lora.noGrad(() => layer.eval().forward(lora.tensor(X))),
    want,
  )
})

test('B16: train() and eval() return the layer, for every kind of layer', (t) => {
  const layers = [
    new lora.Linear(4, 4, { r: 2 }),
    new lora.MergedLinear(4, 6, { r: 2, enableLora: [true, false, true] }),
    new lora.Embedding(4, 4, { r: 2 }),
    new lora.Linear(4, 4),
  ]
  for (const layer of layers) {
    t.is(layer.eval(), layer)
    t.is(layer.train(), layer)
    t.is(layer.train(false), layer)
  }
})

test('B17: a layer without dropout holds no nameless function, and comes back from its file bit for bit', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'loralib-b17-'))
  try {
    const layer = fill(new lora.Linear(4, 3, { r: 2 }))
    t.true(layer.loraDropout instanceof nn.Dropout && layer.loraDropout.p === 0)
    await lora.save(layer.stateDict(), join(folder, 'layer.safetensors'))
    const fresh = new lora.Linear(4, 3, { r: 2 })
    fresh.loadStateDict(await lora.load(join(folder, 'layer.safetensors')))
    await same(t, fresh.forward(lora.tensor(X)), layer.forward(lora.tensor(X)))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

test('B27: a rank below 0 or not whole, and an unknown option, are errors before anything is made', (t) => {
  const makers: [string, (options: object) => unknown][] = [
    ['lora.Linear', (options) => new lora.Linear(4, 4, options)],
    ['lora.MergedLinear', (options) => new lora.MergedLinear(4, 4, { enableLora: [true], ...options })],
    ['lora.Embedding', (options) => new lora.Embedding(4, 4, options)],
  ]
  for (const [name, make] of makers) {
    for (const r of [-1, 2.5, Number.NaN, '2']) {
      const error = t.throws(() => make({ r }), { instanceOf: lora.OptionError }, `${name}, r ${String(r)}`)
      t.regex(error!.message, /an integer, 0 or more/)
      t.true(error!.message.includes(name))
    }
    const unknown = t.throws(() => make({ r: 2, alpha: 16 }), { instanceOf: lora.OptionError })
    t.regex(unknown!.message, /alpha/)
  }
})
