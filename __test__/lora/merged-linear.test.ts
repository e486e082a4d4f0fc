import test from 'ava'
import * as lora from 'loralib'
import { close, numbers, same, wave } from '../support/close.js'
import { product, rows, transposed } from '../support/reference.js'

// 3 blocks of 2 outputs, the first and the last enabled, rank 1.
const [W, BIAS, A, B] = [rows(wave(24, 0.7), 4), wave(6, 2), rows(wave(8, 1.1), 4), rows(wave(4, 1.7), 1)]
const X = rows(wave(20, 0.4), 4)
const SCALING = 3

function reference(): number[][] {
  const y = product(X, transposed(W)).map((row) => row.map((v, j) => v + BIAS[j]!))
  for (const [block, i] of [
    [0, 0],
    [2, 1],
  ] as const) {
    const delta = product(product(X, transposed([A[i]!])), transposed(B.slice(2 * i, 2 * i + 2)))
    delta.forEach((row, m) => row.forEach((v, j) => (y[m]![2 * block + j]! += SCALING * v)))
  }
  return y
}

function filled(options: object = {}): lora.MergedLinear {
  const layer = new lora.MergedLinear(4, 6, { r: 1, loraAlpha: SCALING, enableLora: [true, false, true], ...options })
  const weight = lora.tensor(layer.fanInFanOut ? transposed(W) : W)
  const factors = { lora_A: lora.tensor(A), lora_B: lora.tensor(B) }
  layer.loadStateDict({ weight, bias: lora.tensor(BIAS), ...factors })
  return layer
}

test('lora.MergedLinear: each enabled block gets its own update, unmerged and merged, weight either way round', async (t) => {
  for (const fanInFanOut of [false, true]) {
    const layer = filled({ fanInFanOut })
    const before = await numbers(layer.weight)
    await close(t, layer.forward(lora.tensor(X)), reference().flat())
    await close(
      t,
      lora.noGrad(() => layer.eval().forward(lora.tensor(X))),
      reference().flat(),
    )
    await same(t, layer.train().weight, before)
  }
})

test('lora.MergedLinear: a replaced dropout gives the same as the fused one', async (t) => {
  const layer = filled()
  layer.loraDropout = (x) => x
  await close(t, layer.forward(lora.tensor(X)), reference().flat())
})

test('lora.MergedLinear: shapes of the factors, and keys', (t) => {
  const layer = new lora.MergedLinear(8, 12, { r: 2, enableLora: [true, true, false] })
  t.deepEqual(layer.loraA!.shape, [4, 8])
  t.deepEqual(layer.loraB!.shape, [8, 2])
  t.deepEqual(Object.keys(layer.stateDict()), ['weight', 'bias', 'lora_A', 'lora_B'])
})

test('lora.MergedLinear: options that upstream accepts by mistake are errors', (t) => {
  const refused = (outFeatures: number, options: object, message: RegExp) =>
    t.throws(() => new lora.MergedLinear(8, outFeatures, options), { instanceOf: lora.OptionError, message })
  refused(25, { r: 2, enableLora: [true, false, true] }, /divides/)
  refused(24, { r: 2, enableLora: [1, 0, 1] }, /true and false/)
  refused(24, { r: 2, enableLora: ['q', 'v'] }, /true and false/)
  refused(24, { r: 2, enableLora: [] }, /true and false/)
  refused(24, { r: 2, blocks: [16, 4], enableLora: [true, false] }, /16 \+ 4 = 20/)
  refused(24, { r: 2, blocks: [16, 8], enableLora: [true, false, true] }, /3 entries of enableLora, 2 blocks/)
  refused(24, { r: 2, blocks: [24.5, -0.5], enableLora: [true, false] }, /positive integers/)
  refused(24, { r: -1 }, /0 or more/)
})

test('lora.MergedLinear: without an enabled block it is the plain layer, whatever r is', async (t) => {
  for (const options of [{ r: 2 }, { r: 2, enableLora: [false, false] }, { r: 0 }]) {
    const layer = new lora.MergedLinear(4, 6, options)
    layer.loadStateDict({ weight: lora.tensor(W), bias: lora.tensor(BIAS) })
    t.deepEqual([layer.r, layer.loraA, layer.weight.requiresGrad], [0, null, true])
    const want = product(X, transposed(W)).flatMap((row) => row.map((v, j) => v + BIAS[j]!))
    await close(t, layer.forward(lora.tensor(X)), want)
    t.false(layer.eval().merged)
  }
})

test('lora.MergedLinear: unequal blocks, unmerged and merged, with gradients', async (t) => {
  // 3 + 1 + 2 outputs, rank 1, the first and the last block enabled.
  const options = { r: 1, loraAlpha: SCALING, blocks: [3, 1, 2], enableLora: [true, false, true] }
  const layer = new lora.MergedLinear(4, 6, options)
  const b = wave(5, 1.7)
  layer.loadStateDict({
    weight: lora.tensor(W),
    bias: lora.tensor(BIAS),
    lora_A: lora.tensor(A),
    lora_B: lora.tensor(rows(b, 1)),
  })
  const want = product(X, transposed(W)).map((row) => row.map((v, j) => v + BIAS[j]!))
  const h = product(X, transposed(A)) // (5, 2)
  want.forEach((row, m) => {
    for (const j of [0, 1, 2]) row[j]! += SCALING * h[m]![0]! * b[j]!
    for (const j of [4, 5]) row[j]! += SCALING * h[m]![1]! * b[j - 1]!
  })
  const y = layer.forward(lora.tensor(X))
  await close(t, y, want.flat())
  await y.sum().backward()
  const sums = [0, 1].map((i) => SCALING * h.reduce((sum, row) => sum + row[i]!, 0))
  await close(t, layer.loraB!.grad!, [sums[0]!, sums[0]!, sums[0]!, sums[1]!, sums[1]!])
  await close(
    t,
    lora.noGrad(() => layer.eval().forward(lora.tensor(X))),
    want.flat(),
  )
})
