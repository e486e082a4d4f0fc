import test from 'ava'
import * as lora from 'loralib'
import { same, wave } from '../support/close.js'
import { gradientsMeetDifferences } from '../support/gradients.js'

const M = lora.tensor([
  [1, 2, 3],
  [4, 5, 6],
])

test('triu, tril: with a diagonal, in batches, for every dtype', async (t) => {
  const x = lora.arange(1, 10).reshape(3, 3)
  t.deepEqual(await x.triu().tolist(), [
    [1, 2, 3],
    [0, 5, 6],
    [0, 0, 9],
  ])
  t.deepEqual(await x.tril(-1).tolist(), [
    [0, 0, 0],
    [4, 0, 0],
    [7, 8, 0],
  ])
  t.deepEqual(await M.triu(1).tolist(), [
    [0, 2, 3],
    [0, 0, 6],
  ])
  await same(t, lora.ones([2, 2, 2]).tril(), [1, 0, 1, 1, 1, 0, 1, 1])
  t.deepEqual(await lora.full([2, 2], NaN).triu(1).tolist(), [
    [0, NaN],
    [0, 0],
  ])
  t.deepEqual(
    await lora
      .tensor([[true, true]])
      .tril()
      .tolist(),
    [[true, false]],
  )
  t.throws(() => lora.ones([3]).triu(), { instanceOf: lora.ShapeError })
  t.throws(() => M.tril(0.5), { instanceOf: lora.OptionError })
})

test('flip, roll: as numpy', async (t) => {
  await same(t, M.flip(0), [4, 5, 6, 1, 2, 3])
  await same(t, M.flip(0, -1), [6, 5, 4, 3, 2, 1])
  await same(t, M.roll(1, 1), [3, 1, 2, 6, 4, 5])
  await same(t, M.roll(-1), [2, 3, 4, 5, 6, 1])
  await same(t, M.roll([1, -1], [0, 1]), [5, 6, 4, 2, 3, 1])
  await same(t, M.roll(6, 1), [1, 2, 3, 4, 5, 6])
  t.throws(() => M.flip(0, 0), { instanceOf: lora.OptionError })
  t.throws(() => M.roll([1, 2], 0), { instanceOf: lora.OptionError })
  t.throws(() => M.roll(1, 2), { instanceOf: lora.IndexError })
})

test('repeat, tile, repeatInterleave', async (t) => {
  const v = lora.tensor([1, 2])
  await same(t, v.repeat(3), [1, 2, 1, 2, 1, 2])
  const twice = v.repeat(2, 2)
  t.deepEqual(await twice.tolist(), [
    [1, 2, 1, 2],
    [1, 2, 1, 2],
  ])
  await same(t, M.tile(2), [1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6])
  await same(t, v.repeatInterleave(2), [1, 1, 2, 2])
  await same(t, M.repeatInterleave([2, 0, 1], 1), [1, 1, 3, 4, 4, 6])
  t.deepEqual(v.repeat(0).shape, [0])
  t.throws(() => M.repeat(2), { instanceOf: lora.ShapeError, message: /tile/ })
  t.throws(() => v.repeatInterleave([1, 2, 3], 0), { instanceOf: lora.OptionError })
})

test('diagonal, diag, outer, dot, mm, bmm', async (t) => {
  await same(t, M.diagonal(), [1, 5])
  await same(t, M.diagonal(1), [2, 6])
  await same(t, M.diagonal(-1), [4])
  t.deepEqual(M.diagonal(5).shape, [0])
  const cube = lora.arange(8).reshape(2, 2, 2)
  await same(t, cube.diagonal(0, 1, 2), [0, 3, 4, 7])
  await same(t, cube.diagonal(0, 0, 2), [0, 5, 2, 7])
  t.deepEqual(await lora.tensor([1, 2]).diag(1).tolist(), [
    [0, 1, 0],
    [0, 0, 2],
    [0, 0, 0],
  ])
  t.deepEqual(await lora.tensor([NaN, 2n].map(Number)).diag(-1).tolist(), [
    [0, 0, 0],
    [NaN, 0, 0],
    [0, 2, 0],
  ])
  await same(t, M.diag(1), [2, 6])
  const [a, b] = [lora.tensor([1, 2, 3]), lora.tensor([4, 5, 6])]
  await same(t, a.dot(b), [32])
  await same(t, lora.tensor([1, 2]).outer(b), [4, 5, 6, 8, 10, 12])
  await same(t, M.mm(M.t()), [14, 32, 32, 77])
  await same(t, M.unsqueeze(0).bmm(M.t().unsqueeze(0)), [14, 32, 32, 77])
  t.throws(() => M.bmm(M), { instanceOf: lora.ShapeError })
  t.throws(() => lora.ones([2, 1, 1]).bmm(lora.ones([1, 1, 1])), { instanceOf: lora.ShapeError })
  t.throws(() => a.dot(lora.ones([2])), { instanceOf: lora.ShapeError })
  t.throws(() => M.outer(a), { instanceOf: lora.ShapeError })
  t.throws(() => cube.diag(), { instanceOf: lora.ShapeError })
  t.throws(() => M.diagonal(0, 1, 1), { instanceOf: lora.OptionError })
})

test('rearranging: gradients', async (t) => {
  const input = [{ values: wave(6), shape: [2, 3] }]
  await gradientsMeetDifferences(t, (x) => x.triu().add(x.tril(-1).mul(2)), input)
  await gradientsMeetDifferences(t, (x) => x.flip(1).roll(1, 0), input)
  await gradientsMeetDifferences(t, (x) => x.repeat(2, 1, 2), input)
  await gradientsMeetDifferences(t, (x) => x.repeatInterleave(2, 0), input)
  await gradientsMeetDifferences(t, (x) => x.diagonal(1), input)
  await gradientsMeetDifferences(t, (x) => x.reshape(-1).diag(1), input)
  await gradientsMeetDifferences(t, (x, y) => x.outer(y), [
    { values: wave(2), shape: [2] },
    { values: wave(3), shape: [3] },
  ])
})

test('scatter, indexAdd, indexFill, maskedScatter', async (t) => {
  const index = lora.tensor([
    [2n, 0n],
    [1n, 1n],
  ])
  const source = lora.tensor([
    [1, 2],
    [3, 4],
  ])
  await same(t, lora.zeros([2, 3]).scatter(1, index, source), [2, 0, 1, 0, 4, 0])
  await same(t, lora.zeros([2, 3]).scatter(1, index, 9), [9, 0, 9, 0, 9, 0])
  await same(t, M.indexAdd(0, lora.tensor([1n, 1n]), lora.ones([2, 3])), [1, 2, 3, 6, 7, 8])
  await same(t, M.indexFill(1, lora.tensor([0n, 2n]), -1), [-1, 2, -1, -1, 5, -1])
  const mask = lora.tensor([[true, false, true]])
  await same(t, M.maskedScatter(mask, lora.tensor([10, 20, 30, 40, 50])), [10, 2, 20, 30, 5, 40])
  await t.throwsAsync(M.maskedScatter(mask, lora.tensor([10, 20])).data(), { instanceOf: lora.IndexError })
  await t.throwsAsync(
    lora
      .zeros([3])
      .scatter(0, lora.tensor([3n]), 1)
      .data(),
    { instanceOf: lora.IndexError },
  )
  t.throws(() => M.scatter(0, index, source), { instanceOf: lora.ShapeError })
  t.throws(() => M.maskedScatter(lora.ones([2]).gt(0), source), { instanceOf: lora.ShapeError })
  await gradientsMeetDifferences(
    t,
    (x, y) => x.scatter(0, lora.tensor([[1n, 0n, 1n]]), y).add(x.maskedScatter(lora.tensor([[true], [false]]), y)),
    [
      { values: wave(6), shape: [2, 3] },
      { values: wave(3, 1.1), shape: [1, 3] },
    ],
  )
})

test('nonzero, maskedSelect, unique: await, since their shape depends on the numbers', async (t) => {
  const x = lora.tensor([
    [0, 2, NaN],
    [3, 0, 2],
  ])
  t.deepEqual(await (await x.nonzero()).tolist(), [
    [0, 1],
    [0, 2],
    [1, 0],
    [1, 2],
  ])
  t.deepEqual((await lora.zeros([3]).nonzero()).shape, [0, 1])
  t.deepEqual((await lora.tensor(5).nonzero()).shape, [1, 0])
  await same(t, await x.maskedSelect(x.gt(1)), [2, 3, 2])
  await same(t, await x.maskedSelect(lora.tensor([true, false, false])), [0, 3])
  const { values, inverse, counts } = await lora
    .tensor([
      [3n, 1n],
      [3n, 3n],
    ])
    .unique()
  await same(t, values, [1, 3])
  t.deepEqual(await inverse.tolist(), [
    [1, 0],
    [1, 1],
  ])
  await same(t, counts, [1, 3])
  t.is(values.dtype, 'i64')
  await t.throwsAsync(x.maskedSelect(x), { instanceOf: lora.DtypeError })
  await t.throwsAsync(x.maskedSelect(lora.tensor([true, false])), { instanceOf: lora.ShapeError })
})

test('maskedSelect: keeps the gradient, and the numbers of the call', async (t) => {
  const x = lora.tensor([1, 2, 3], { requiresGrad: true })
  const picked = await x.maskedSelect(lora.tensor([true, false, true]))
  await picked
    .mul(lora.tensor([5, 7]))
    .sum()
    .backward()
  await same(t, x.grad!, [5, 0, 7])
  const y = lora.tensor([1, 2, 3])
  const later = y.maskedSelect(y.gt(1))
  y.fill_(0)
  await same(t, await later, [2, 3])
})

test('linspace, eye, meshgrid, zerosLike, onesLike, fullLike', async (t) => {
  await same(t, lora.linspace(0, 1, 5), [0, 0.25, 0.5, 0.75, 1])
  await same(t, lora.linspace(3, 3, 1), [3])
  await same(t, lora.eye(2, 3), [1, 0, 0, 0, 1, 0])
  t.is(lora.eye(2, 2, { dtype: 'i64' }).dtype, 'i64')
  const [a, b] = lora.meshgrid([lora.arange(2), lora.arange(3)]) as [lora.Tensor, lora.Tensor]
  await same(t, a, [0, 0, 0, 1, 1, 1])
  await same(t, b, [0, 1, 2, 0, 1, 2])
  const [x] = lora.meshgrid([lora.arange(2), lora.arange(3)], { indexing: 'xy' })
  t.deepEqual(x!.shape, [3, 2])
  await same(t, x!, [0, 1, 0, 1, 0, 1])
  const like = lora.tensor([1n, 2n])
  t.deepEqual(
    [lora.zerosLike(like).dtype, lora.onesLike(like).dtype, lora.fullLike(like, 3).dtype],
    ['i64', 'i64', 'i64'],
  )
  await same(t, lora.fullLike(like, 3), [3, 3])
  t.throws(() => lora.linspace(0, 1, -1), { instanceOf: lora.OptionError })
  t.throws(() => lora.eye(-1), { instanceOf: lora.OptionError })
  t.throws(() => lora.meshgrid([M]), { instanceOf: lora.ShapeError })
})
