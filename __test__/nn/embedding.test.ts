import test from 'ava'
import * as lora from 'loralib'
import { close, numbers, same } from '../support/close.js'

const { nn } = lora

test('nn.Embedding: rows by id, for ids of any rank', async (t) => {
  const layer = new nn.Embedding(5, 3)
  const weight = await numbers(layer.weight)
  const y = layer.forward(lora.tensor(new Int32Array([4, 0, 4, 2]), { shape: [2, 2] }))
  t.deepEqual(y.shape, [2, 2, 3])
  await same(
    t,
    y,
    [4, 0, 4, 2].flatMap((id) => weight.slice(id * 3, id * 3 + 3)),
  )
})

test('nn.Embedding: the padding row starts at 0 and gets no gradient; negative counts from the end', async (t) => {
  const layer = new nn.Embedding(4, 2, { paddingIdx: -1 })
  t.is(layer.paddingIdx, 3)
  t.deepEqual((await numbers(layer.weight)).slice(6), [0, 0])
  await layer
    .forward(lora.tensor(new Int32Array([3, 1, 1])))
    .sum()
    .backward()
  await close(t, layer.weight.grad!, [0, 0, 2, 2, 0, 0, 0, 0])
})

test('nn.Embedding: scaleGradByFreq divides by how often a row occurs', async (t) => {
  const layer = new nn.Embedding(3, 2, { scaleGradByFreq: true })
  await layer
    .forward(lora.tensor(new Int32Array([1, 1, 2])))
    .sum()
    .backward()
  await close(t, layer.weight.grad!, [0, 0, 1, 1, 1, 1])
})

test('nn.Embedding: maxNorm scales longer rows, in each norm, and leaves the weight as it is', async (t) => {
  const rows = [
    [3, -4],
    [0.3, 0.4],
    [0, 0],
  ]
  for (const [normType, norm] of [
    [2, 5],
    [1, 7],
    [Infinity, 4],
    [3, Math.cbrt(27 + 64)],
  ] as const) {
    const layer = new nn.Embedding(3, 2, { maxNorm: 2, normType, weight: lora.tensor(rows) })
    const y = layer.forward(lora.tensor(new Int32Array([0, 1, 2, 0])))
    const long = [(3 * 2) / norm, (-4 * 2) / norm]
    await close(t, y, [...long, 0.3, 0.4, 0, 0, ...long])
    await same(t, layer.weight, lora.tensor(rows))
    await y.sum().backward() // the factor counts as a constant
    await close(t, layer.weight.grad!, [4 / norm, 4 / norm, 1, 1, 1, 1])
  }
})

test('nn.Embedding: fromPretrained uses the vectors themselves, frozen by default', (t) => {
  const vectors = lora.ones([4, 2])
  const layer = nn.Embedding.fromPretrained(vectors, { paddingIdx: -1 })
  t.is(layer.weight, vectors)
  t.deepEqual([layer.paddingIdx, layer.weight.requiresGrad], [3, false])
  t.true(nn.Embedding.fromPretrained(lora.ones([4, 2]), { freeze: false }).weight.requiresGrad)
  t.throws(() => nn.Embedding.fromPretrained(lora.ones([4])), { instanceOf: lora.OptionError, message: /weight/ })
})

test('nn.Embedding: sparse gradients and a padding row outside the table are errors', (t) => {
  t.throws(() => new nn.Embedding(4, 2, { sparse: true }), { instanceOf: lora.UnsupportedError, message: /dense/ })
  t.throws(() => new nn.Embedding(4, 2, { paddingIdx: 4 }), { instanceOf: lora.OptionError })
})
