import test from 'ava'
import * as lora from 'loralib'
import type { Tensor } from 'loralib'
import { close, numbers, same, wave } from '../support/close.js'

const { nn, optim } = lora

type Options = lora.optim.AdafactorOptions
interface Slow {
  p: number[]
  row: number[]
  column: number[]
  average: number[]
  first: number[]
}

const rms = (x: readonly number[]): number => Math.sqrt(x.reduce((sum, v) => sum + v * v, 0) / x.length)
const mean = (x: readonly number[]): number => x.reduce((sum, v) => sum + v, 0) / x.length

/** transformers' Adafactor for one parameter, a matrix of `width` columns or a vector (width 0): one loop per formula. */
function slowStep(s: Slow, g: readonly number[], width: number, step: number, o: Options): void {
  const eps = o.eps ?? [1e-30, 1e-3]
  const beta2 = 1 - step ** (o.decayRate ?? -0.8)
  const square = g.map((v) => v * v + eps[0])
  const blend = (average: number[], values: readonly number[], beta: number): void =>
    values.forEach((v, i) => (average[i] = beta * (average[i] ?? 0) + (1 - beta) * v))
  let u: number[]
  if (width === 0) {
    blend(s.average, square, beta2)
    u = g.map((v, i) => v / Math.sqrt(s.average[i]!))
  } else {
    const rows = Array.from({ length: g.length / width }, (_, r) => square.slice(r * width, (r + 1) * width))
    blend(s.row, rows.map(mean), beta2)
    blend(
      s.column,
      Array.from({ length: width }, (_, c) => mean(rows.map((row) => row[c]!))),
      beta2,
    )
    const rowMean = mean(s.row)
    u = g.map((v, i) => v / Math.sqrt((s.row[Math.floor(i / width)]! / rowMean) * s.column[i % width]!))
  }
  const clip = Math.max(1, rms(u) / (o.clipThreshold ?? 1))
  const relative = Math.min(o.warmupInit ? 1e-6 * step : 1e-2, 1 / Math.sqrt(step))
  const rate = o.relativeStep === false ? o.lr! : relative
  const lr = rate * (o.scaleParameter === false ? 1 : Math.max(eps[1], rms(s.p)))
  u = u.map((v) => (v / clip) * lr)
  if (o.beta1 !== undefined && o.beta1 !== null) {
    blend(s.first, u, o.beta1)
    u = [...s.first]
  }
  s.p = s.p.map((v, i) => v - (o.weightDecay ?? 0) * lr * v - u[i]!)
}

const SHAPES = [[3, 4], [5]] as const
const STARTS = [wave(12, 0.9), wave(5, 1.7, 0.0001)]
const gradient = (k: number, step: number): number[] => wave(STARTS[k]!.length, 1.1 + k + step, 0.5 * step)

const fresh = (dtype: 'f32' | 'f64'): Tensor[] =>
  STARTS.map((values, k) => nn.parameter(lora.tensor(values, { shape: SHAPES[k]!, dtype })))

async function steps(optimizer: lora.optim.Adafactor, params: Tensor[], from: number, to: number): Promise<void> {
  for (let step = from; step <= to; step++) {
    params.forEach(
      (param, k) => (param.grad = lora.tensor(gradient(k, step), { shape: param.shape, dtype: param.dtype })),
    )
    await optimizer.step()
  }
}

const CASES: [string, Options][] = [
  ['its defaults', {}],
  ['warmup', { warmupInit: true }],
  ['a rate of its own', { lr: 0.02, relativeStep: false, scaleParameter: false }],
  ['first moment, weight decay, threshold', { beta1: 0.9, weightDecay: 0.1, clipThreshold: 0.5 }],
  ['a scaled rate and other decay', { lr: 0.1, relativeStep: false, decayRate: -0.5, eps: [1e-8, 0.01] }],
]

for (const [title, options] of CASES) {
  test(`optim.Adafactor: ${title}, matrix and vector, as a loop gives it (f32, f64)`, async (t) => {
    const slow = STARTS.map((p): Slow => ({ p, row: [], column: [], average: [], first: [] }))
    for (let step = 1; step <= 4; step++) {
      slow.forEach((s, k) => slowStep(s, gradient(k, step), k === 0 ? 4 : 0, step, options))
    }
    for (const dtype of ['f64', 'f32'] as const) {
      const params = fresh(dtype)
      await steps(new optim.Adafactor(params, options), params, 1, 4)
      for (const [k, param] of params.entries()) await close(t, param, slow[k]!.p, dtype)
    }
  })
}

test('optim.Adafactor: a matrix keeps its rows and columns, and a stack of matrices those of each', async (t) => {
  const params = [...fresh('f32'), nn.parameter(lora.ones([2, 3, 4]))]
  const optimizer = new optim.Adafactor(params)
  for (const param of params) param.grad = lora.ones(param.shape)
  await optimizer.step()
  const { state } = optimizer.stateDict()
  const shapes = (k: number) =>
    Object.fromEntries(Object.entries(state[k]!).map(([name, x]) => [name, typeof x === 'number' ? x : x.shape]))
  t.deepEqual(shapes(0), { step: 1, exp_avg_sq_row: [3], exp_avg_sq_col: [4] })
  t.deepEqual(shapes(1), { step: 1, exp_avg_sq: [5] })
  t.deepEqual(shapes(2), { step: 1, exp_avg_sq_row: [2, 3], exp_avg_sq_col: [2, 4] })
})

test('optim.Adafactor: a saved state goes on as if nothing had happened', async (t) => {
  const options = { beta1: 0.9 }
  const whole = fresh('f32')
  await steps(new optim.Adafactor(whole, options), whole, 1, 4)
  const first = fresh('f32')
  const before = new optim.Adafactor(first, options)
  await steps(before, first, 1, 2)
  const second = first.map((param) => nn.parameter(param.detach().clone()))
  const after = new optim.Adafactor(second)
  after.loadStateDict(before.stateDict())
  t.is(after.paramGroups[0]!.beta1, 0.9)
  await steps(after, second, 3, 4)
  for (const [k, param] of second.entries()) await same(t, param, await numbers(whole[k]!))
})

test('optim.Adafactor: loads what transformers saved, and refuses what does not fit', (t) => {
  const optimizer = new optim.Adafactor(fresh('f32'))
  const saved = (row: number): lora.optim.OptimizerState => ({
    state: {
      0: { step: 7, exp_avg_sq_row: lora.ones([row]), exp_avg_sq_col: lora.ones([4]), RMS: lora.tensor(0.5) },
    },
    param_groups: [
      {
        params: [0, 1],
        lr: null,
        eps: [1e-30, 1e-3],
        clip_threshold: 1,
        decay_rate: -0.8,
        beta1: null,
        weight_decay: 0,
        scale_parameter: true,
        relative_step: true,
        warmup_init: false,
      },
    ],
  })
  optimizer.loadStateDict(saved(3))
  t.deepEqual(Object.keys(optimizer.stateDict().state[0]!), ['step', 'exp_avg_sq_row', 'exp_avg_sq_col'])
  t.throws(() => optimizer.loadStateDict(saved(4)), { instanceOf: lora.ShapeError, message: /exp_avg_sq_row \(3\)/ })
})

test('optim.Adafactor: options that do not go together', (t) => {
  const make = (options: Options) => () => new optim.Adafactor(fresh('f32'), options)
  t.throws(make({ lr: 0.1 }), { instanceOf: lora.OptionError, message: /relativeStep: false/ })
  t.throws(make({ relativeStep: false }), { instanceOf: lora.OptionError, message: /no learning rate/ })
  t.throws(make({ lr: 0.1, relativeStep: false, warmupInit: true }), { instanceOf: lora.OptionError })
  t.throws(make({ eps: [1e-30] as unknown as [number, number] }), { instanceOf: lora.OptionError })
  t.throws(make({ decayRate: 0.8 }), { instanceOf: lora.OptionError, message: /0 or less/ })
  t.throws(make({ beta1: 1 }), { instanceOf: lora.OptionError })
  t.throws(make({ clipThreshold: 0 }), { instanceOf: lora.OptionError })
  t.throws(make({ decay: 1 } as object), { instanceOf: lora.OptionError, message: /unknown option/ })
})

test('optim.Adafactor: a failed gradient rejects the step and leaves parameters and state as they were', async (t) => {
  const params = fresh('f32')
  const optimizer = new optim.Adafactor(params)
  await steps(optimizer, params, 1, 1)
  const before = await Promise.all(params.map(numbers))
  const row = optimizer.stateDict().state[0]!['exp_avg_sq_row'] as Tensor
  const rowBefore = await numbers(row)
  params[0]!.grad = lora.ones([3, 4]).gather(1, lora.tensor(new BigInt64Array(12).fill(9n), { shape: [3, 4] }))
  params[1]!.grad = lora.ones([5])
  await t.throwsAsync(async () => optimizer.step(), { instanceOf: lora.IndexError })
  for (const [k, param] of params.entries()) await same(t, param, before[k]!)
  await same(t, row, rowBefore)
})

test('optim.Adafactor: fits a line', async (t) => {
  const layer = new nn.Linear(3, 2)
  const [x, want] = [lora.tensor(wave(60, 0.7), { shape: [20, 3] }), lora.tensor(wave(6, 1.9), { shape: [3, 2] })]
  const target = x.matmul(want)
  const optimizer = new optim.Adafactor(layer.parameters(), { lr: 0.05, relativeStep: false, scaleParameter: false })
  let loss = Infinity
  for (let step = 0; step < 150; step++) {
    const error = nn.functional.mseLoss(layer.forward(x), target)
    error.backward()
    await optimizer.step()
    optimizer.zeroGrad()
    loss = await error.item()
  }
  t.true(loss < 0.01, String(loss))
})
