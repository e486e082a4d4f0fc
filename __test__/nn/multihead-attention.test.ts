// The numbers are those of torch.nn.MultiheadAttention (2.15, f64, eval) with the same waves as parameters and inputs.
import test from 'ava'
import * as lora from 'loralib'
import type { Tensor } from 'loralib'
import { close, numbers, wave } from '../support/close.js'

const { nn } = lora
const [T, B, C, H, S] = [3, 2, 8, 2, 4]

const filled = (shape: readonly number[], step: number, scale = 1): Tensor =>
  lora
    .tensor(
      Float64Array.from(
        wave(
          shape.reduce((a, b) => a * b, 1),
          step,
          scale,
        ),
      ),
    )
    .reshape([...shape])

function attention(options: object = {}): lora.nn.MultiheadAttention {
  const layer = new nn.MultiheadAttention(C, H, { dtype: 'f64', ...options })
  const state = Object.entries(layer.stateDict())
  layer.loadStateDict(Object.fromEntries(state.map(([key, { shape }], i) => [key, filled(shape, 0.7 + 0.2 * i, 0.4)])))
  return layer.eval()
}

const x = () => filled([T, B, C], 0.37)
const memory = () => filled([S, B, C], 0.53)
const bool = (shape: number[], values: readonly (boolean | number)[]) =>
  lora.tensor(values.map(Number)).reshape(shape).to('bool')
const lastRow = async (y: Tensor) => (await numbers(y)).slice(-C)

test("nn.MultiheadAttention: keys, shapes and init are PyTorch's", async (t) => {
  const layer = new nn.MultiheadAttention(512, 8)
  t.deepEqual(Object.keys(layer.stateDict()), ['in_proj_weight', 'in_proj_bias', 'out_proj.weight', 'out_proj.bias'])
  const largest = (w: Tensor) => w.abs().max().item()
  const bound = Math.sqrt(6 / (4 * 512))
  const top = await largest(layer.in_proj_weight!)
  t.true(top <= bound && top > 0.999 * bound)
  t.is((await largest(layer.in_proj_bias!)) + (await largest(layer.out_proj.bias!)), 0)
  t.true((await largest(layer.out_proj.weight)) <= 1 / Math.sqrt(512))
  const keys = ['q_proj_weight', 'k_proj_weight', 'v_proj_weight', 'in_proj_bias', 'out_proj.weight', 'out_proj.bias']
  t.deepEqual(Object.keys(attention({ kdim: 5, vdim: 6 }).stateDict()), keys)
  t.deepEqual(Object.keys(attention({ bias: false }).stateDict()), ['in_proj_weight', 'out_proj.weight'])
})

const SELF = [1.233853, -0.498851, 0.218825, -0.237964, -0.680536, 1.270224, -0.570629, 0.160151]

test('nn.MultiheadAttention: self-attention and its mean weights, both ways to compute', async (t) => {
  const [y, weights] = attention().forward(x())
  await close(t, await lastRow(y), SELF)
  const mean = [
    0.598695, 0.276227, 0.125078, 0.537128, 0.300856, 0.162016, 0.450042, 0.32574, 0.224218, 0.530058, 0.304267,
    0.165675, 0.456059, 0.327761, 0.21618, 0.362889, 0.344487, 0.292624,
  ]
  await close(t, weights!, mean)
  const [fast, none] = attention().forward(x(), x(), x(), { needWeights: false })
  t.is(none, null)
  await close(t, fast, y)
})

test('nn.MultiheadAttention: cross-attention with padded keys, the weights of each head', async (t) => {
  const keyPaddingMask = bool([B, S], [0, 0, 1, 0, 1, 0, 0, 0])
  const want = [1.416697, -0.625423, 0.241305, -0.147858, -0.849184, 1.453697, -0.699608, 0.185906]
  const m = memory()
  const [y, weights] = attention().forward(x(), m, m, { keyPaddingMask, averageAttnWeights: false })
  await close(t, await lastRow(y), want)
  t.deepEqual(weights!.shape, [B, H, T, S])
  await close(
    t,
    (await numbers(weights!)).slice(0, 8),
    [0.409013, 0.023478, 0, 0.567509, 0.444239, 0.027279, 0, 0.528482],
  )
  const [fast] = attention().forward(x(), m, m, { keyPaddingMask, needWeights: false })
  await close(t, fast, y)
})

test('nn.MultiheadAttention: attention masks of bool, of numbers, one for each head; causal', async (t) => {
  const causal = [1.731374, -0.807672, 0.222269, 0.06527, -1.175882, 1.770534, -0.886878, 0.172856]
  const upper = bool([T, T], [0, 1, 1, 0, 0, 1, 0, 0, 0])
  const added = filled([T, T], 1.1)
  const each = wave(B * H * T * T, 1.3).map((v, i) => i % T !== 0 && v > 0.3)
  const perHead = bool([B * H, T, T], each)
  const wanted = [
    [{ attnMask: added }, [1.423173, -0.621388, 0.228283, -0.130769, -0.863884, 1.460454, -0.695868, 0.173083]],
    [{ attnMask: perHead }, [1.560642, -0.863133, 0.48297, -0.302173, -0.840521, 1.593959, -0.935802, 0.428795]],
  ] as const
  for (const needWeights of [true, false]) {
    for (const [options, want] of wanted) {
      const [y] = attention().forward(x(), undefined, undefined, { ...options, needWeights })
      await close(t, await lastRow(y), want)
    }
    for (const options of [{ attnMask: upper }, { isCausal: true }, { attnMask: upper, isCausal: true }]) {
      const [y] = attention().forward(x(), undefined, undefined, { ...options, needWeights })
      await close(t, (await numbers(y)).slice(C, 2 * C), causal) // the first query sees itself alone
    }
  }
})

test('nn.MultiheadAttention: keys and values of other widths, batch first, unbatched', async (t) => {
  const layer = attention({ kdim: 5, vdim: 6, batchFirst: true })
  const [q, k, v] = [filled([B, T, C], 0.37), filled([B, S, 5], 0.41), filled([B, S, 6], 0.47)]
  const want = [0.644369, 0.176292, -0.679409, -0.582438, -0.161825, -0.467701, -0.569038, 0.269287]
  await close(t, (await numbers(layer.forward(q, k, v)[0])).slice(0, C), want)
  const [y, weights] = layer.forward(q.at(0), k.at(0), v.at(0))
  await close(t, (await numbers(y)).slice(0, C), want)
  t.deepEqual(
    [y.shape, weights!.shape],
    [
      [T, C],
      [T, S],
    ],
  )
})

test('nn.MultiheadAttention: a query that may attend to nothing gives the bias of out_proj', async (t) => {
  const layer = attention()
  const all = bool([B, S], [1, 1, 1, 1, 0, 0, 0, 0])
  const added = lora.where(all, lora.tensor(-Infinity), lora.tensor(0)).to('f64')
  for (const keyPaddingMask of [all, added]) {
    for (const needWeights of [true, false]) {
      const input = x().requiresGrad_()
      const [y] = layer.forward(input, memory(), memory(), { keyPaddingMask, needWeights })
      await close(t, (await numbers(y)).slice(0, C), layer.out_proj.bias!)
      await y.sum().backward()
      t.true((await numbers(input.grad!)).every(Number.isFinite))
    }
  }
})

test('nn.MultiheadAttention: both ways give the same gradients', async (t) => {
  const grads = []
  for (const needWeights of [true, false]) {
    const layer = attention().train()
    const m = memory()
    await layer.forward(x(), m, m, { needWeights, isCausal: true })[0].square().sum().backward()
    grads.push(await Promise.all(layer.parameters().map((p) => numbers(p.grad!))))
  }
  await close(t, grads[0]!.flat(), grads[1]!.flat(), 'f64')
})

test('nn.MultiheadAttention: dropout acts in training only', async (t) => {
  const layer = attention({ dropout: 0.5 })
  await close(t, await lastRow(layer.forward(x())[0]), SELF)
  t.notDeepEqual(await lastRow(layer.train().forward(x())[0]), await lastRow(layer.forward(x())[0]))
})

test('nn.MultiheadAttention: wrong sizes, masks and options are errors', (t) => {
  const layer = attention()
  const refused = (run: () => unknown, instanceOf: typeof lora.OptionError | typeof lora.ShapeError, message: RegExp) =>
    // prettier
    t.throws(run, { instanceOf, message } as never)
  refused(() => new nn.MultiheadAttention(8, 3), lora.OptionError, /divisor of embedDim = 8/)
  refused(() => new nn.MultiheadAttention(8, 2, { addBiasKv: true }), lora.UnsupportedError as never, /addBiasKv/)
  refused(() => new nn.MultiheadAttention(8, 2, { heads: 2 } as never), lora.OptionError, /unknown option heads/)
  refused(() => layer.forward(filled([T, B, 7], 1)), lora.ShapeError, /T, B, 8/)
  refused(() => layer.forward(x(), filled([S, 3, C], 1)), lora.ShapeError, /do not match/)
  refused(() => layer.forward(x(), memory(), filled([2, B, C], 1)), lora.ShapeError, /do not match/)
  const ask = (options: object) => () => layer.forward(x(), undefined, undefined, options)
  refused(ask({ keyPaddingMask: bool([B, 2], [0, 0, 0, 0]) }), lora.ShapeError, /keyPaddingMask \(B, S\) = \(2, 3\)/)
  refused(ask({ attnMask: bool([2, 2], [0, 0, 0, 0]) }), lora.ShapeError, /attnMask/)
  refused(ask({ attnMask: lora.zeros([T, T]).to('i64') }), lora.OptionError, /to\('bool'\)/)
  refused(ask({ mask: null }), lora.OptionError, /unknown option mask/)
})
