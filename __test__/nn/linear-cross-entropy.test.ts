import test from 'ava'
import type { ExecutionContext } from 'ava'
import * as lora from 'loralib'
import { close, numbers, same, wave } from '../support/close.js'

const F = lora.nn.functional
type Options = NonNullable<Parameters<typeof F.linearCrossEntropy>[3]>

const [N, C, V] = [7, 6, 11]
const TARGET = [3, -100, 0, 10, -100, -100, 5]
const ids = (values: number[], shape = [values.length]) => lora.tensor(values, { shape, dtype: 'i64' })
const leaf = (shape: number[], step: number) =>
  lora.tensor(wave(shape[0]! * (shape[1] ?? 1), step), { shape, requiresGrad: true })
const leaves = () => [leaf([N, C], 0.9), leaf([V, C], 1.3), leaf([V], 0.4)] as const

/** Results and gradients of the fused operation and of the two that it stands for. */
async function compare(t: ExecutionContext, options: Omit<Options, 'bias'>, target = TARGET): Promise<void> {
  const [h, w, b] = leaves()
  const [h2, w2, b2] = leaves()
  const fused = F.linearCrossEntropy(h, w, ids(target), { ...options, bias: b })
  const plain = F.crossEntropy(F.linear(h2, w2, b2), ids(target), options)
  await close(t, fused, plain)
  // A factor of each loss: its gradient is no 1.
  const dy = lora.tensor(wave(plain.numel, 2.1), { shape: plain.shape })
  await fused.backward(dy)
  await plain.backward(dy)
  await close(t, h.grad!, h2.grad!)
  await close(t, w.grad!, w2.grad!)
  await close(t, b.grad!, b2.grad!)
}

for (const reduction of ['mean', 'sum', 'none'] as const) {
  for (const labelSmoothing of [0, 0.1]) {
    test(`linearCrossEntropy: crossEntropy of linear, with its gradients (${reduction}, smoothing ${labelSmoothing})`, async (t) => {
      await compare(t, { reduction, labelSmoothing })
      await compare(t, { reduction, labelSmoothing, ignoreIndex: 5 }, [3, 5, 0, 10, 1, 2, 5])
    })
  }
}

test('linearCrossEntropy: a frozen weight takes a factor for each loss, and any leading dimensions', async (t) => {
  const [h, w] = leaves()
  const [h2] = leaves()
  const factors = lora.tensor(wave(N, 2.1), { shape: [1, N] })
  const frozen = w.detach()
  const losses = F.linearCrossEntropy(h.reshape([1, N, C]), frozen, ids(TARGET, [1, N]), { reduction: 'none' })
  t.deepEqual(losses.shape, [1, N])
  await losses.mul(factors).sum().backward()
  const plain = F.crossEntropy(F.linear(h2, frozen), ids(TARGET), { reduction: 'none' })
  await plain
    .mul(factors.reshape([N]))
    .sum()
    .backward()
  await close(t, losses, plain)
  await close(t, h.grad!, h2.grad!)
  t.is(w.grad, null)
})

test('linearCrossEntropy: a second backward over a kept graph gives the same gradient, which adds up', async (t) => {
  const [h, w, b] = leaves()
  const loss = F.linearCrossEntropy(h, w, ids(TARGET), { bias: b, labelSmoothing: 0.1 })
  await loss.backward(null, { retainGraph: true })
  const once = await numbers(w.grad!)
  const hidden = await numbers(h.grad!)
  await loss.backward()
  const twice = (x: number[]) => x.map((g) => 2 * g)
  await close(t, w.grad!, twice(once))
  await close(t, h.grad!, twice(hidden))
  t.throws(() => loss.backward(), { instanceOf: lora.GradError })
})

test('linearCrossEntropy: a weight that is also the embedding gets both gradients', async (t) => {
  const table = () => leaf([V, C], 1.3)
  const [w, w2] = [table(), table()]
  const tokens = ids([1, 2, 2, 0, 9, 10, 4])
  await F.linearCrossEntropy(F.embedding(tokens, w), w, ids(TARGET)).backward()
  await F.crossEntropy(F.linear(F.embedding(tokens, w2), w2), ids(TARGET)).backward()
  await close(t, w.grad!, w2.grad!)
})

test('linearCrossEntropy: nothing that counts is a mean of NaN, a sum of 0 and a gradient of 0', async (t) => {
  const none = ids(TARGET.map(() => -100))
  for (const reduction of ['mean', 'sum'] as const) {
    const [h, w, b] = leaves()
    const loss = F.linearCrossEntropy(h, w, none, { bias: b, reduction })
    t.is(await loss.item(), reduction === 'mean' ? NaN : 0)
    await loss.backward()
    for (const each of [h, w, b]) t.true((await numbers(each.grad!)).every((g) => g === 0))
  }
})

test('linearCrossEntropy: without gradients the same loss, and no graph', async (t) => {
  const [h, w, b] = leaves()
  const run = () => F.linearCrossEntropy(h, w, ids(TARGET), { bias: b, labelSmoothing: 0.1 })
  const loss = lora.noGrad(run)
  t.false(loss.requiresGrad)
  await close(t, loss, run())
})

test('linearCrossEntropy: a bf16 weight serves an f32 input; a NaN passes on', async (t) => {
  const [h, w] = leaves()
  const half = w.detach().to('bf16')
  const want = F.crossEntropy(F.linear(h, half.to('f32')), ids(TARGET))
  await close(t, F.linearCrossEntropy(h, half, ids(TARGET)), want)
  const spoilt = h.detach().mul(NaN)
  t.is(await F.linearCrossEntropy(spoilt, half, ids(TARGET)).item(), NaN)
})

test('linearCrossEntropy: a checkpointed loss is that of a plain one', async (t) => {
  const [h, w] = leaves()
  const [h2] = leaves()
  const frozen = w.detach()
  const loss = (x: lora.Tensor) => F.linearCrossEntropy(x, frozen, ids(TARGET))
  await lora.checkpoint(loss, h).backward()
  await loss(h2).backward()
  await same(t, h.grad!, h2.grad!)
})

test.serial('linearCrossEntropy: the logits are never there as a whole', async (t) => {
  const [rows, width, classes] = [2048, 8, 40_000] // logits of 328 MB
  const h = lora.randn([rows, width]).requiresGrad_()
  const w = lora.randn([classes, width])
  const target = ids(Array.from({ length: rows }, (_, i) => (i * 37) % classes))
  await lora.settle()
  const before = lora.memory()
  await F.linearCrossEntropy(h, w, target).backward()
  const taken = lora.memory().peakBytes - before.liveBytes
  t.true(taken < 80e6, `${(taken / 1e6).toFixed(0)} MB`)
})

test('linearCrossEntropy: wrong shapes, dtypes and targets are named', async (t) => {
  const [h, w, b] = leaves()
  const throws = (call: () => unknown, instanceOf: new (...args: never[]) => lora.LoraError, text: RegExp) => {
    const error = t.throws(call, { instanceOf: instanceOf as new (...args: unknown[]) => lora.LoraError })
    t.regex(`${error.message} ${error.op}`, text)
  }
  throws(() => F.linearCrossEntropy(h, w, ids([1, 2])), lora.ShapeError, /target \(7\)/)
  throws(() => F.linearCrossEntropy(h, lora.zeros([V, C + 1]), ids(TARGET)), lora.ShapeError, /width/)
  throws(() => F.linearCrossEntropy(h, w, ids(TARGET), { bias: lora.zeros([V + 1]) }), lora.ShapeError, /bias \(11,\)/)
  throws(() => F.linearCrossEntropy(h, w, lora.zeros([N])), lora.DtypeError, /linearCrossEntropy/)
  throws(() => F.linearCrossEntropy(h, w.detach().to('f64'), ids(TARGET)), lora.DtypeError, /f64/)
  throws(() => F.linearCrossEntropy(h, w, ids(TARGET), { labelSmoothing: 2 }), lora.OptionError, /labelSmoothing/)
  const outside = F.linearCrossEntropy(h, w, ids([...TARGET.slice(1), V]), { bias: b })
  await t.throwsAsync(outside.item(), { instanceOf: lora.IndexError, message: /11/ })
})
