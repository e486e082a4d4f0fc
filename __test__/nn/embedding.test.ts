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

test('nn.Embedding: maxNorm and sparse are errors that say so', (t) => {
  for (const options of [{ maxNorm: 1 }, { sparse: true }]) {
    const error = t.throws(() => new nn.Embedding(4, 2, options as never), { instanceOf: lora.UnsupportedError })
    t.regex(error!.message, /not supported yet/)
  }
  t.throws(() => new nn.Embedding(4, 2, { paddingIdx: 4 }), { instanceOf: lora.OptionError })
})
