import test from 'ava'
import * as lora from 'loralib'
import { same } from '../support/close.js'

const x = () => lora.arange(24, undefined, 1, { dtype: 'f32' }).reshape(2, 3, 4)

test("at: Python's x[…], shape and values", async (t) => {
  const cases: [index: lora.Index[], shape: number[], first: number, last: number][] = [
    [[0], [3, 4], 0, 11],
    [[-1], [3, 4], 12, 23],
    [[1, 2, 3], [], 23, 23],
    [[0, [1, -1]], [1, 4], 4, 7],
    [['...', 0], [2, 3], 0, 20],
    [[0, '...', -1], [3], 3, 11],
    [['...'], [2, 3, 4], 0, 23],
    [
      [
        [null, null],
        [null, null, 2],
      ],
      [2, 2, 4],
      0,
      23,
    ],
    [[[null], [1]], [2, 2, 4], 4, 23],
    [[null, 0], [1, 3, 4], 0, 11],
    [[0, null, 1], [1, 4], 4, 7],
    [['...', null], [2, 3, 4, 1], 0, 23],
    [[[0, 1], '...', [1, 3]], [1, 3, 2], 1, 10],
    [['...', [-3, -1]], [2, 3, 2], 1, 22],
    [[[0, 99]], [2, 3, 4], 0, 23],
    [[[-99, 1]], [1, 3, 4], 0, 11],
  ]
  for (const [index, shape, first, last] of cases) {
    const y = x().at(...index)
    t.deepEqual(y.shape, shape, JSON.stringify(index))
    const data = await y.data()
    t.is(data[0], first, JSON.stringify(index))
    t.is(data.at(-1), last, JSON.stringify(index))
  }
})

test('at: empty slices, and gradients reach the selected elements', async (t) => {
  t.deepEqual(x().at([2, 1]).shape, [0, 3, 4])
  t.deepEqual(x().at([5, 9]).shape, [0, 3, 4])
  const leaf = lora.zeros([5], { requiresGrad: true })
  await leaf.at([0, 5, 2]).sum().add(leaf.at(-1).mul(3)).backward()
  await same(t, leaf.grad!, [1, 0, 1, 0, 4])
})

test('at: a negative step goes backwards, as in Python', async (t) => {
  await same(t, lora.arange(5).at([null, null, -1]), [4, 3, 2, 1, 0])
  await same(t, lora.arange(5).at([3, 0, -2]), [3, 1])
})

test('narrow, chunk, split, unbind', async (t) => {
  const y = lora.arange(10)
  await same(t, y.narrow(0, 3, 2), [3, 4])
  await same(t, y.narrow(0, -2, 2), [8, 9])
  t.deepEqual(
    y.chunk(3).map((part) => part.numel),
    [4, 4, 2],
  )
  t.deepEqual(
    y.split(4).map((part) => part.numel),
    [4, 4, 2],
  )
  t.deepEqual(
    y.split([1, 9]).map((part) => part.numel),
    [1, 9],
  )
  const rows = x().unbind(1)
  t.deepEqual(
    rows.map((row) => row.shape),
    [
      [2, 4],
      [2, 4],
      [2, 4],
    ],
  )
  await same(t, rows[2]!, [8, 9, 10, 11, 20, 21, 22, 23])
})

test('cat, stack: along any dimension, with gradients', async (t) => {
  const [a, b] = [lora.tensor([[1, 2]], { requiresGrad: true }), lora.tensor([[3, 4]], { requiresGrad: true })]
  t.deepEqual(await lora.cat([a, b]).tolist(), [
    [1, 2],
    [3, 4],
  ])
  t.deepEqual(await lora.cat([a, b], -1).tolist(), [[1, 2, 3, 4]])
  t.deepEqual(lora.stack([a, b]).shape, [2, 1, 2])
  t.deepEqual(await lora.stack([a, b], -1).tolist(), [
    [
      [1, 3],
      [2, 4],
    ],
  ])
  await lora
    .cat([a, b, a], 1)
    .mul(lora.arange(6, undefined, 1, { dtype: 'f32' }))
    .sum()
    .backward()
  await same(t, a.grad!, [0 + 4, 1 + 5])
  await same(t, b.grad!, [2, 3])
  await same(t, lora.cat([lora.zeros([0, 2]), a]), [1, 2])
})

test('gather, indexSelect, scatterAdd', async (t) => {
  const m = lora.tensor([
    [1, 2, 3],
    [4, 5, 6],
  ])
  const picks = lora.tensor([[2n], [0n]])
  t.deepEqual(await m.gather(1, picks).tolist(), [[3], [4]])
  t.deepEqual(await m.indexSelect(1, lora.tensor([2n, 2n, 0n])).tolist(), [
    [3, 3, 1],
    [6, 6, 4],
  ])
  t.deepEqual(await m.scatterAdd(1, lora.tensor([[0n], [2n]]), lora.tensor([[10], [20]])).tolist(), [
    [11, 2, 3],
    [4, 5, 26],
  ])
})

test('shapes: reshape, flatten, squeeze, unsqueeze, expand, permute, transpose', async (t) => {
  const y = x()
  t.deepEqual(y.reshape(-1, 2).shape, [12, 2])
  t.deepEqual(y.reshape([4, 6]).shape, [4, 6])
  t.deepEqual(y.view(24).shape, [24])
  t.deepEqual(y.flatten().shape, [24])
  t.deepEqual(y.flatten(1).shape, [2, 12])
  t.deepEqual(y.flatten(0, 1).shape, [6, 4])
  t.deepEqual(lora.tensor(1).flatten().shape, [1])
  t.deepEqual(y.unsqueeze(-1).shape, [2, 3, 4, 1])
  t.deepEqual(y.unsqueeze(1).squeeze().shape, [2, 3, 4])
  t.deepEqual(y.squeeze(0).shape, [2, 3, 4])
  t.deepEqual(lora.ones([1, 3]).expand(2, 2, -1).shape, [2, 2, 3])
  t.deepEqual(y.permute(2, 0, 1).shape, [4, 2, 3])
  t.deepEqual(y.transpose(0, -1).shape, [4, 3, 2])
  await same(t, y.permute(2, 0, 1).at(0), [0, 4, 8, 12, 16, 20])
  t.deepEqual(
    await lora
      .tensor([
        [1, 2],
        [3, 4],
      ])
      .t()
      .tolist(),
    [
      [1, 3],
      [2, 4],
    ],
  )
})
