import test from 'ava'
import * as lora from 'loralib'
import { close, same, wave } from '../support/close.js'
import { gradientsMeetDifferences } from '../support/gradients.js'

const M = lora.tensor([
  [1, -2, 3],
  [0, 5, -6],
])

test('cumsum, cumprod, prod: floats, integers, truth values', async (t) => {
  await same(t, M.cumsum(1), [1, -1, 2, 0, 5, -1])
  await same(t, M.cumsum(0), [1, -2, 3, 1, 3, -3])
  await same(t, M.abs().cumprod(1), [1, 2, 6, 0, 0, 0])
  await same(t, M.prod(), [0])
  await same(t, M.prod(1), [-6, -0])
  t.deepEqual(M.prod(0, true).shape, [1, 3])
  const counts = lora.tensor([true, true, false, true]).cumsum(0)
  t.is(counts.dtype, 'i64')
  await same(t, counts, [1, 2, 2, 3])
  await same(t, lora.tensor([2n, 3n, 4n, 5n, 6n]).cumprod(0), [2, 6, 24, 120, 720])
  await same(t, lora.tensor([2n, 3n, 4n, 5n, 6n]).prod(), [720])
  await same(t, lora.ones([0]).prod(), [1])
  await same(t, lora.tensor(4).cumprod(0), [4])
  t.throws(() => M.cumsum(2), { instanceOf: lora.IndexError })
})

test('cumsum, cumprod, prod: gradients, with a factor of 0 too', async (t) => {
  const input = [{ values: wave(10, 1.3), shape: [2, 5] }]
  await gradientsMeetDifferences(t, (x) => x.cumsum(1), input)
  await gradientsMeetDifferences(t, (x) => x.cumsum(0), input)
  await gradientsMeetDifferences(t, (x) => x.cumprod(1), input)
  await gradientsMeetDifferences(t, (x) => x.prod(1), input)
  const x = lora.tensor([2, 0, 3], { requiresGrad: true })
  await x.prod().backward()
  await same(t, x.grad!, [0, 6, 0])
})

test('norm: every p, over dimensions', async (t) => {
  await close(t, M.norm(), [Math.sqrt(75)])
  await close(t, M.norm('fro'), [Math.sqrt(75)])
  await same(t, M.norm(1, 1), [6, 11])
  await same(t, M.norm(Infinity, 0), [1, 5, 6])
  await same(t, M.norm(-Infinity), [0])
  await same(t, M.norm(0), [5])
  await close(t, M.norm(3, 1), [Math.cbrt(36), Math.cbrt(341)])
  await close(t, M.norm(0.5, 1), [(1 + Math.SQRT2 + Math.sqrt(3)) ** 2, (Math.sqrt(5) + Math.sqrt(6)) ** 2])
  await close(t, M.norm(-1, 1), [1 / (1 + 1 / 2 + 1 / 3), 0])
  t.deepEqual(M.norm(2, 1, true).shape, [2, 1])
  t.throws(() => M.norm('nuc' as 'fro'), { instanceOf: lora.OptionError })
  t.throws(() => M.norm(NaN), { instanceOf: lora.OptionError })
  t.throws(() => lora.tensor([1n]).norm(), { instanceOf: lora.DtypeError })
})

test('norm: gradients, 0 where everything is 0', async (t) => {
  const input = [{ values: wave(6, 1.3), shape: [2, 3] }]
  for (const p of [1, 2, 3, 0.5, 1.5, -2, Infinity]) await gradientsMeetDifferences(t, (x) => x.norm(p, 1), input)
  for (const p of [0, 1, 2, 0.5, 1.5, 3]) {
    const x = lora.zeros([3], { requiresGrad: true })
    await x.norm(p).backward()
    await same(t, x.grad!, [0, 0, 0])
  }
})

test('any, all, isnan, isinf, isfinite', async (t) => {
  await same(t, M.any(1), [1, 1])
  await same(t, M.all(1), [1, 0])
  await same(t, M.all(), [0])
  await same(t, lora.zeros([2]).any(), [0])
  await same(t, lora.ones([0]).all(), [1])
  await same(t, lora.ones([0]).any(), [0])
  await same(t, lora.tensor([true, false]).any(), [1])
  const x = lora.tensor([1, NaN, Infinity, -Infinity])
  await same(t, x.isnan(), [0, 1, 0, 0])
  await same(t, x.isinf(), [0, 0, 1, 1])
  await same(t, x.isfinite(), [1, 0, 0, 0])
  const whole = lora.tensor([1n, 2n])
  await same(t, whole.isnan(), [0, 0])
  await same(t, whole.isinf(), [0, 0])
  await same(t, whole.isfinite(), [1, 1])
})

test('lerp, addcmul, addcdiv, clampMin, clampMax, log1p', async (t) => {
  const [a, b] = [lora.tensor([1, 2]), lora.tensor([3, 6])]
  await same(t, a.lerp(b, 0.5), [2, 4])
  await same(t, a.lerp(b, lora.tensor([0, 1])), [1, 6])
  await same(t, a.addcmul(a, b, 2), [7, 26])
  await same(t, a.addcdiv(b, a, 2), [7, 8])
  await same(t, a.clampMin(1.5), [1.5, 2])
  await same(t, a.clampMax(1.5), [1, 1.5])
  await close(
    t,
    lora
      .tensor([1e-9, 1, -0.5])
      .log1p()
      .div(lora.tensor([1e-9, 1, 1])),
    [1, Math.LN2, -Math.LN2],
  )
})

test('equal, allclose: promises of truth values', async (t) => {
  const [a, b] = [lora.tensor([1, NaN]), lora.tensor([1 + 1e-6, NaN])]
  t.true(await lora.equal(M, M.clone()))
  t.false(await a.equal(a))
  t.false(await M.equal(M.t()))
  t.false(await lora.allclose(a, b))
  t.true(await lora.allclose(a, b, { equalNan: true }))
  t.false(await lora.allclose(a, b, { equalNan: true, rtol: 1e-8 }))
  t.true(await lora.tensor([Infinity]).allclose(lora.tensor([Infinity])))
  t.false(await lora.tensor([1]).allclose(lora.tensor([Infinity])))
  t.true(await lora.tensor([5n]).allclose(lora.tensor([5n])))
  t.false(await lora.tensor([5n]).allclose(lora.tensor([6n])))
})
