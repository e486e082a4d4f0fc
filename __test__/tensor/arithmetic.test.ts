import test from 'ava'
import * as lora from 'loralib'
import { close, same, wave } from '../support/close.js'

const { tensor } = lora

test('broadcasting: sizes of 1 and missing dimensions repeat', async (t) => {
  const [column, row] = [tensor([[1], [2]]), tensor([10, 20, 30])]
  t.deepEqual(await column.add(row).tolist(), [
    [11, 21, 31],
    [12, 22, 32],
  ])
  t.deepEqual(await row.sub(column).tolist(), [
    [9, 19, 29],
    [8, 18, 28],
  ])
  t.deepEqual(column.mul(tensor(2)).shape, [2, 1])
  t.deepEqual(lora.ones([2, 1, 3]).add(lora.ones([4, 1])).shape, [2, 4, 3])
  t.deepEqual(lora.zeros([0, 3]).add(lora.ones([3])).shape, [0, 3])
})

test('broadcasting: gradients are summed back', async (t) => {
  const [column, row] = [tensor([[1], [2]], { requiresGrad: true }), tensor([10, 20, 30], { requiresGrad: true })]
  await column.mul(row).sum().backward()
  await same(t, column.grad!, [60, 60])
  await same(t, row.grad!, [3, 3, 3])
})

test('arithmetic with numbers, and comparisons', async (t) => {
  const x = tensor([-2, 0, 3])
  await same(t, x.add(1).sub(2).mul(3).div(2), [-4.5, -1.5, 3])
  await same(t, x.pow(2), [4, 0, 9])
  await same(t, x.maximum(1), [1, 1, 3])
  await same(t, x.minimum(tensor([0, 1, 2])), [-2, 0, 2])
  const compared: [lora.Tensor, number[]][] = [
    [x.eq(0), [0, 1, 0]],
    [x.ne(0), [1, 0, 1]],
    [x.lt(0), [1, 0, 0]],
    [x.le(0), [1, 1, 0]],
    [x.gt(0), [0, 0, 1]],
    [x.ge(0), [0, 1, 1]],
  ]
  for (const [result, want] of compared) {
    t.is(result.dtype, 'bool')
    await same(t, result, want)
  }
  await same(t, x.lt(0).logicalOr(x.gt(0)), [1, 0, 1])
  await same(t, x.lt(1).logicalAnd(x.gt(-1)), [0, 1, 0])
  await same(t, x.eq(0).logicalNot(), [1, 0, 1])
})

test('integers: arithmetic stays in i64', async (t) => {
  const x = tensor([7n, -7n])
  for (const y of [x.add(1), x.sub(1), x.mul(2)]) t.is(y.dtype, 'i64')
  await same(t, x.add(tensor([1n, 2n])), [8, -5])
  await same(t, x.mul(3), [21, -21])
  await same(t, x.maximum(0), [7, 0])
})

test('elementwise functions against JavaScript', async (t) => {
  const values = wave(37, 0.7, 2)
  const positive = values.map((v) => Math.abs(v) + 0.1)
  const [x, p] = [tensor(values), tensor(positive)]
  const sigmoid = (v: number) => 1 / (1 + Math.exp(-v))
  const cases: [string, lora.Tensor, number[]][] = [
    ['neg', x.neg(), values.map((v) => -v)],
    ['exp', x.exp(), values.map(Math.exp)],
    ['log', p.log(), positive.map(Math.log)],
    ['sqrt', p.sqrt(), positive.map(Math.sqrt)],
    ['rsqrt', p.rsqrt(), positive.map((v) => 1 / Math.sqrt(v))],
    ['square', x.square(), values.map((v) => v * v)],
    ['abs', x.abs(), values.map(Math.abs)],
    ['sign', x.sign(), values.map(Math.sign)],
    ['reciprocal', p.reciprocal(), positive.map((v) => 1 / v)],
    ['sin', x.sin(), values.map(Math.sin)],
    ['cos', x.cos(), values.map(Math.cos)],
    ['tanh', x.tanh(), values.map(Math.tanh)],
    ['sigmoid', x.sigmoid(), values.map(sigmoid)],
    ['relu', x.relu(), values.map((v) => Math.max(v, 0))],
    ['silu', x.silu(), values.map((v) => v * sigmoid(v))],
    [
      'gelu tanh',
      x.gelu('tanh'),
      values.map((v) => 0.5 * v * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (v + 0.044715 * v ** 3)))),
    ],
    ['floor', x.floor(), values.map(Math.floor)],
    ['ceil', x.ceil(), values.map(Math.ceil)],
    ['clamp', x.clamp(-1, 0.5), values.map((v) => Math.min(Math.max(v, -1), 0.5))],
    ['clamp open', x.clamp(null, 0.5), values.map((v) => Math.min(v, 0.5))],
  ]
  for (const [name, got, want] of cases) await t.notThrowsAsync(close(t, got, want), name)
  await same(t, tensor([0.5, 1.5, 2.5, -1.5]).round(), [0, 2, 2, -2])
  await close(t, tensor([0, 1, -1]).erf(), [0, 0.8427007929, -0.8427007929])
})

test('where, maskedFill', async (t) => {
  const x = tensor([1, -2, 3])
  await same(t, lora.where(x.gt(0), x, 0), [1, 0, 3])
  await same(t, lora.where(x.gt(0), tensor([[1], [2]]), x), [1, -2, 1, 2, -2, 2])
  await same(t, x.maskedFill(x.lt(0), 9), [1, 9, 3])
  await same(t, x.maskedFill(x.lt(0), -Infinity), [1, -Infinity, 3])
})

test('matmul: matrices, vectors, batches', async (t) => {
  const [a, b] = [
    tensor([
      [1, 2],
      [3, 4],
    ]),
    tensor([
      [5, 6],
      [7, 8],
    ]),
  ]
  t.deepEqual(await a.matmul(b).tolist(), [
    [19, 22],
    [43, 50],
  ])
  await same(t, a.matmul(tensor([1, 1])), [3, 7])
  await same(t, tensor([1, 1]).matmul(a), [4, 6])
  t.deepEqual(tensor([1, 1]).matmul(tensor([2, 3])).shape, [])
  t.deepEqual(lora.ones([5, 1, 2, 3]).matmul(lora.ones([4, 3, 6])).shape, [5, 4, 2, 6])
  await same(t, lora.ones([2, 0]).matmul(lora.ones([0, 2])), [0, 0, 0, 0])
})

test('reductions: all, some, kept; negative dimensions', async (t) => {
  const x = lora.arange(24, undefined, 1, { dtype: 'f32' }).reshape(2, 3, 4)
  t.is(await x.sum().item(), 276)
  t.deepEqual(await x.sum([0, 2]).tolist(), [60, 92, 124])
  t.deepEqual(x.sum(-1, true).shape, [2, 3, 1])
  t.deepEqual(x.mean([0, 1]).shape, [4])
  t.is(await x.mean().item(), 11.5)
  t.is(await x.max().item(), 23)
  t.deepEqual(await x.min(1).tolist(), [
    [0, 1, 2, 3],
    [12, 13, 14, 15],
  ])
  t.is(await x.var().item(), 50)
  await close(t, x.var(2, { correction: 0 }), new Array(6).fill(1.25))
  await close(t, x.std(2), new Array(6).fill(Math.sqrt(5 / 3)))
  t.is(await x.argmax().item(), 23)
  t.deepEqual(await x.neg().argmax(1).tolist(), [
    [0, 0, 0, 0],
    [0, 0, 0, 0],
  ])
  t.deepEqual(x.argmin(-1, true).shape, [2, 3, 1])
  t.is(await lora.tensor([true, true, false]).sum().item(), 2)
  t.is(await lora.zeros([0]).sum().item(), 0)
  t.is(await lora.zeros([0]).mean().item(), NaN)
})

test('softmax, logSoftmax, logsumexp: stable for large numbers', async (t) => {
  const x = tensor([
    [1000, 1001],
    [-1000, -1000],
  ])
  const p = 1 / (1 + Math.exp(-1))
  await close(t, x.softmax(-1), [1 - p, p, 0.5, 0.5])
  await close(t, x.logSoftmax(1), [Math.log(1 - p), Math.log(p), -Math.LN2, -Math.LN2])
  await close(t, x.logsumexp(1), [1001 - Math.log(p), -1000 + Math.LN2])
  await close(t, x.softmax(0), [1, 1, 0, 0])
})
