import test from 'ava'
import * as lora from 'loralib'
import { same, wave } from '../support/close.js'
import { gradientsMeetDifferences } from '../support/gradients.js'

const X = [3, 1, 2, 1, 3, 0]

test('sort: values and indexes, ascending and descending; equal values keep their order', async (t) => {
  const [up, upPlaces] = lora.tensor(X).sort()
  await same(t, up, [0, 1, 1, 2, 3, 3])
  await same(t, upPlaces, [5, 1, 3, 2, 0, 4])
  const [down, downPlaces] = lora.tensor(X).sort(0, { descending: true, stable: true })
  await same(t, down, [3, 3, 2, 1, 1, 0])
  await same(t, downPlaces, [0, 4, 2, 1, 3, 5])
  await same(t, lora.tensor(X).argsort(-1, { descending: true }), [0, 4, 2, 1, 3, 5])
  t.is(upPlaces.dtype, 'i64')
})

test('sort: along any dimension, for integers, truth values and scalars', async (t) => {
  const m = lora.tensor([
    [5, 2, 9],
    [4, 7, 1],
  ])
  const [values, places] = m.sort(0)
  t.deepEqual(await values.tolist(), [
    [4, 2, 1],
    [5, 7, 9],
  ])
  t.deepEqual(await places.tolist(), [
    [1, 0, 1],
    [0, 1, 0],
  ])
  await same(t, lora.tensor([5n, -2n, 3n]).sort()[0], [-2, 3, 5])
  await same(t, lora.tensor([true, false, true]).sort()[1], [1, 0, 2])
  const [value, place] = lora.tensor(4).sort()
  t.deepEqual([await value.tolist(), await place.tolist()], [4, 0])
})

test('sort: NaN is the largest', async (t) => {
  const x = lora.tensor([NaN, 1, Infinity, -Infinity])
  await same(t, x.argsort(), [3, 1, 2, 0])
  await same(t, x.topk(2)[1], [0, 2])
  await same(t, x.topk(2, 0, { largest: false })[1], [3, 1])
})

test('topk, kthvalue, median: by hand, in any dimension', async (t) => {
  const m = lora.tensor([
    [5, 2, 9, 3],
    [4, 7, 1, 8],
  ])
  const [top, places] = m.topk(2)
  t.deepEqual(await top.tolist(), [
    [9, 5],
    [8, 7],
  ])
  t.deepEqual(await places.tolist(), [
    [2, 0],
    [3, 1],
  ])
  await same(t, m.topk(1, 0)[1], [0, 1, 0, 1])
  t.deepEqual(m.topk(0)[0].shape, [2, 0])
  const [third, thirdPlaces] = m.kthvalue(3)
  await same(t, third, [5, 7])
  await same(t, thirdPlaces, [0, 1])
  t.deepEqual(m.kthvalue(1, 0, true)[0].shape, [1, 4])
  await same(t, m.median(), [4])
  await same(t, m.median(1)[0], [3, 4])
  await same(t, m.median(1)[1], [3, 0])
  const holes = lora.tensor([
    [1, NaN, NaN],
    [3, 1, 2],
  ])
  const [middle, at] = holes.median(1)
  t.deepEqual(await middle.tolist(), [NaN, 2])
  await same(t, at, [1, 2])
})

test('sort, topk, median: the gradient goes to the selected elements', async (t) => {
  const input = [{ values: wave(12, 1.3), shape: [3, 4] }]
  await gradientsMeetDifferences(t, (x) => x.sort(0)[0], input)
  await gradientsMeetDifferences(t, (x) => x.topk(2, 1)[0], input)
  await gradientsMeetDifferences(t, (x) => x.kthvalue(2, -1)[0], input)
  await gradientsMeetDifferences(t, (x) => x.median(0)[0], input)
})

test('sort, topk, kthvalue, median: what cannot be', (t) => {
  const x = lora.ones([2, 3])
  t.throws(() => x.sort(2), { instanceOf: lora.IndexError })
  t.throws(() => x.topk(4), { instanceOf: lora.OptionError, message: /0 to 3/ })
  t.throws(() => x.topk(1.5), { instanceOf: lora.OptionError })
  t.throws(() => x.kthvalue(0), { instanceOf: lora.OptionError, message: /1 to 3/ })
  t.throws(() => lora.ones([2, 0]).median(1), { instanceOf: lora.ShapeError })
})

test('multinomial: different draws without replacement, shares with it; one seed, one result', async (t) => {
  const weights = lora.tensor([
    [0, 3, 1, 0],
    [1, 1, 1, 1],
  ])
  const generator = new lora.Generator(7)
  const all = await weights.multinomial(2, { generator }).tolist()
  t.deepEqual([...(all as number[][])[0]!].toSorted(), [1, 2])
  generator.manualSeed(7)
  t.deepEqual(await lora.multinomial(weights, 2, { generator }).tolist(), all)
  const many = lora.multinomial(weights, 4000, { generator, replacement: true })
  t.deepEqual(many.shape, [2, 4000])
  const draws = (await many.at(0).tolist()) as number[]
  t.true(draws.every((draw) => draw === 1 || draw === 2))
  const share = draws.filter((draw) => draw === 1).length / 4000
  t.true(Math.abs(share - 0.75) < 0.03, String(share))
  const uniform = (await many.at(1).tolist()) as number[]
  for (const k of [0, 1, 2, 3]) t.true(Math.abs(uniform.filter((draw) => draw === k).length / 4000 - 0.25) < 0.03)
})

test('multinomial: weights and counts that cannot be', async (t) => {
  const draw = (weights: number[], count: number, replacement = false) =>
    lora.tensor(weights).multinomial(count, { replacement })
  t.throws(() => draw([1, 2], 3), { instanceOf: lora.OptionError, message: /replacement: true/ })
  t.throws(() => draw([1, 2], 0), { instanceOf: lora.OptionError })
  t.throws(() => lora.ones([1, 2, 3]).multinomial(1), { instanceOf: lora.ShapeError })
  t.throws(() => lora.tensor([1n, 2n]).multinomial(1), { instanceOf: lora.DtypeError })
  await t.throwsAsync(draw([1, -2], 1).data(), { instanceOf: lora.OptionError, message: /weight 1 of row 0/ })
  await t.throwsAsync(draw([NaN, 1], 1, true).data(), { instanceOf: lora.OptionError })
  await t.throwsAsync(draw([0, 0], 1, true).data(), { instanceOf: lora.OptionError, message: /too few categories/ })
  await t.throwsAsync(draw([1, 0], 2).data(), { instanceOf: lora.OptionError })
})
