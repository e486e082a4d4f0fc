import test from 'ava'
import * as lora from 'loralib'
import { close, numbers, same, wave } from '../support/close.js'
import { loraLinear, rows, transposed } from '../support/reference.js'

const { nn } = lora

const [W, BIAS, A, B] = [rows(wave(12, 0.7), 4), wave(3, 2), rows(wave(8, 1.1), 4), rows(wave(6, 1.7), 2)]
const X = rows(wave(20, 0.4), 4)

type Options = ConstructorParameters<typeof lora.Linear>[2]

function filled(options: Options = {}): lora.Linear {
  const dtype = options?.dtype === 'f64' ? 'f64' : 'f32'
  const layer = new lora.Linear(4, 3, { r: 2, loraAlpha: 6, ...options })
  layer.loadStateDict({
    weight: lora.tensor(options?.fanInFanOut ? transposed(W) : W, { dtype }),
    bias: lora.tensor(BIAS, { dtype }),
    lora_A: lora.tensor(A, { dtype }),
    lora_B: lora.tensor(B, { dtype }),
  })
  return layer
}

test('lora.Linear: x Wᵀ + bias + scaling · x Aᵀ Bᵀ, with the weight either way round (f32, f64)', async (t) => {
  for (const dtype of ['f32', 'f64'] as const) {
    for (const fanInFanOut of [false, true]) {
      const layer = filled({ dtype, fanInFanOut })
      t.is(layer.scaling, 3)
      const y = layer.forward(lora.tensor(X, { dtype }))
      await close(t, y, loraLinear(X, W, BIAS, A, B, 3).flat(), dtype)
    }
  }
})

test('lora.Linear: state-dict keys, shapes and what is trainable at first', (t) => {
  const layer = new lora.Linear(4, 3, { r: 2, fanInFanOut: true })
  const shapes = Object.entries(layer.stateDict()).map(([key, tensor]) => [key, tensor.shape])
  t.deepEqual(shapes, [
    ['weight', [4, 3]],
    ['bias', [3]],
    ['lora_A', [2, 4]],
    ['lora_B', [3, 2]],
  ])
  t.deepEqual(
    [...layer.namedParameters()].filter(([, p]) => p.requiresGrad).map(([key]) => key),
    ['bias', 'lora_A', 'lora_B'],
  )
})

test('lora.Linear: a new layer equals its base; A is within ±1/√in, also with fanInFanOut', async (t) => {
  lora.manualSeed(2)
  const layer = new lora.Linear(16, 64, { r: 8, fanInFanOut: true })
  const x = lora.ones([2, 16])
  // The same layout sums in the same order: the numbers must agree to the bit.
  const base = new nn.TransposedLinear(16, 64, { weight: layer.weight, bias: layer.bias! })
  await same(t, layer.forward(x), base.forward(x))
  for (const tensor of [layer.loraA!, layer.weight, layer.bias!]) {
    const values = await numbers(tensor)
    t.true(values.every((v) => Math.abs(v) <= 0.25) && Math.max(...values) > 0.2)
  }
  await same(t, layer.loraB!, new Array(512).fill(0))
})

test('lora.Linear: only x, bias, A and B get gradients; the frozen weight gets null', async (t) => {
  const layer = filled()
  const x = lora.tensor(X, { requiresGrad: true })
  await layer.forward(x).sum().backward()
  t.is(layer.weight.grad, null)
  await close(t, layer.bias!.grad!, [5, 5, 5])
  const xA = X.map((row) => A.map((a) => a.reduce((sum, v, k) => sum + v * row[k]!, 0)))
  const perRank = [0, 1].map((i) => 3 * xA.reduce((sum, row) => sum + row[i]!, 0))
  await close(t, layer.loraB!.grad!, [...perRank, ...perRank, ...perRank])
  t.deepEqual(layer.loraA!.grad!.shape, [2, 4])
  t.deepEqual(x.grad!.shape, [5, 4])
})

test('lora.Linear: r 0 is a plain layer with a trainable weight', async (t) => {
  const layer = new lora.Linear(4, 3)
  t.deepEqual(Object.keys(layer.stateDict()), ['weight', 'bias'])
  t.true(layer.weight.requiresGrad)
  t.is(layer.loraA, null)
  t.false(layer.eval().merged)
  const x = lora.tensor(X)
  await same(t, layer.forward(x), nn.functional.linear(x, layer.weight, layer.bias))
})

test('lora.Linear: loraDropout can be any function or module, applied to the low-rank path alone', async (t) => {
  const layer = filled({ loraDropout: 0.5 })
  layer.loraDropout = (x) => x.mul(2)
  await close(t, layer.forward(lora.tensor(X)), loraLinear(X, W, BIAS, A, B, 6).flat())
  layer.loraDropout = new nn.Identity()
  await close(t, layer.forward(lora.tensor(X)), loraLinear(X, W, BIAS, A, B, 3).flat())
})

test('lora.Linear: dropout acts in training only, and its mean is the layer without it', async (t) => {
  lora.manualSeed(4)
  const layer = filled({ loraDropout: 0.5, mergeWeights: false })
  const want = loraLinear(X, W, BIAS, A, B, 3).flat()
  await close(
    t,
    lora.noGrad(() => layer.eval().forward(lora.tensor(X))),
    want,
  )
  layer.train()
  const sums = want.map(() => 0)
  for (let i = 0; i < 400; i++) (await numbers(layer.forward(lora.tensor(X)))).forEach((y, j) => (sums[j]! += y / 400))
  t.true(
    sums.every((mean, i) => Math.abs(mean - want[i]!) < 0.8),
    `${sums} ${want}`,
  )
})

test('lora.Linear: the factors of a bf16 layer are f32, and so is its output', async (t) => {
  const layer = filled({ dtype: 'bf16' })
  t.deepEqual([layer.weight.dtype, layer.loraA!.dtype, layer.loraB!.dtype], ['bf16', 'f32', 'f32'])
  const y = layer.forward(lora.tensor(X))
  t.is(y.dtype, 'f32')
  await close(t, y, loraLinear(X, W, BIAS, A, B, 3).flat(), 'bf16')
  t.is(new lora.Linear(4, 3, { r: 2, dtype: 'f64' }).loraA!.dtype, 'f64')
})

test('lora.Linear: bad options are errors in the constructor', (t) => {
  const refused = (options: object, message: RegExp) =>
    t.throws(() => new lora.Linear(4, 3, options), { instanceOf: lora.OptionError, message })
  refused({ r: 2.5 }, /\br\b/)
  refused({ r: -1 }, /\br\b/)
  refused({ r: 2, loraDropout: 1.5 }, /loraDropout/)
  refused({ r: 2, lora_alpha: 4 }, /write loraAlpha/)
  refused({ r: 2, fanInFanOut: 1 }, /fanInFanOut/)
  refused({ r: 2, mergeWeights: 'no' }, /mergeWeights/)
})
