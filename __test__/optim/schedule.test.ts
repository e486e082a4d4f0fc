// Learning-rate schedules against numbers of transformers 5.23.0 (its own factor functions, run in Python) and of the
// formulas in microsoft/LoRA examples/NLG/src/optimizer.py.
import test, { type ExecutionContext } from 'ava'
import { optim, OptionError } from 'loralib'

const { lrScheduler } = optim

type Groups = { paramGroups: { lr: number; initialLr?: number }[] }

const optimizerOf = (...lrs: number[]): Groups => ({ paramGroups: lrs.map((lr) => ({ lr })) })

/** The rate before each of `count` schedule steps. */
function rates(schedule: InstanceType<typeof lrScheduler.LrScheduler>, count: number): number[] {
  return Array.from({ length: count }, () => {
    const [lr] = schedule.getLastLr()
    schedule.step()
    return lr!
  })
}

function near(t: ExecutionContext, got: number[], want: number[]): void {
  t.is(got.length, want.length)
  got.forEach((value, i) =>
    t.true(Math.abs(value - want[i]!) <= 1e-15 + 1e-9 * Math.abs(want[i]!), `step ${i}: ${value}, ${want[i]}`),
  )
}

test('Constant: the initial rate at every step', (t) => {
  near(t, rates(new lrScheduler.Constant(optimizerOf(0.3)), 4), [0.3, 0.3, 0.3, 0.3])
})

test('ConstantWithWarmup: as transformers', (t) => {
  near(t, rates(new lrScheduler.ConstantWithWarmup(optimizerOf(1), { warmup: 3 }), 6), [0, 1 / 3, 2 / 3, 1, 1, 1])
})

test('LinearWarmup: as transformers, and 0 past the end', (t) => {
  const want = [0, 1 / 3, 2 / 3, 1, 6 / 7, 5 / 7, 4 / 7, 3 / 7, 2 / 7, 1 / 7, 0, 0]
  near(t, rates(new lrScheduler.LinearWarmup(optimizerOf(1), { warmup: 3, total: 10 }), 12), want)
})

test('CosineWarmup: as transformers, with half a wave and with one and a half', (t) => {
  const half = [
    0, 0.5, 1, 0.9504844339512095, 0.8117449009293668, 0.6112604669781572, 0.38873953302184283, 0.18825509907063326,
    0.04951556604879048, 0, 0.04951556604879043,
  ]
  near(t, rates(new lrScheduler.CosineWarmup(optimizerOf(1), { warmup: 2, total: 9 }), 11), half)
  const waves = [1, 0.5, 0, 0.4999999999999999, 1, 0.5000000000000001, 0, 0.4999999999999998]
  near(t, rates(new lrScheduler.CosineWarmup(optimizerOf(1), { total: 6, numCycles: 1.5 }), 8), waves)
})

test('CosineWithRestarts: as transformers, with two falls', (t) => {
  const fall = [1, 0.8535533905932737, 0.5, 0.14644660940672627]
  const schedule = new lrScheduler.CosineWithRestarts(optimizerOf(1), { warmup: 1, total: 9, numCycles: 2 })
  near(t, rates(schedule, 11), [0, ...fall, ...fall, 0, 0])
})

test('CosineWithMinLr: as transformers, with an absolute end and with a share', (t) => {
  const want = [0, 0.5, 1, 0.9497595264191645, 0.8125, 0.625, 0.4375, 0.3002404735808355, 0.25, 0.3002404735808355]
  near(t, rates(new lrScheduler.CosineWithMinLr(optimizerOf(1), { warmup: 2, total: 8, minLrRate: 0.25 }), 10), want)
  const absolute = new lrScheduler.CosineWithMinLr(optimizerOf(0.004), { warmup: 2, total: 8, minLr: 0.001 })
  near(
    t,
    rates(absolute, 10),
    want.map((factor) => 0.004 * factor),
  )
})

test('Polynomial: as transformers, with power 3', (t) => {
  const want = [
    0, 0.5, 1, 0.5997685185185186, 0.3314814814814816, 0.16875, 0.0851851851851852, 0.05439814814814814, 0.05, 0.05,
    0.05,
  ]
  const schedule = new lrScheduler.Polynomial(optimizerOf(2e-3), { warmup: 2, total: 8, lrEnd: 1e-4, power: 3 })
  near(
    t,
    rates(schedule, 11),
    want.map((factor) => 2e-3 * factor),
  )
})

test('InverseSqrt: as transformers, with a timescale of its own', (t) => {
  const want = [0, 0.25, 0.5, 0.75, 1, 0.9534625892455922, 0.9128709291752769, 0.8770580193070292, 0.8451542547285166]
  near(t, rates(new lrScheduler.InverseSqrt(optimizerOf(1), { warmup: 4, timescale: 10 }), 9), want)
})

test("NlgSchedule 'cosine': counts from step 0 after the warm-up, and begins with 0", (t) => {
  const want = [
    0,
    1 / 3,
    2 / 3,
    0.6112604669781572,
    0.38873953302184283,
    0.18825509907063326,
    0.04951556604879048,
    0,
    0,
  ]
  near(t, rates(new lrScheduler.NlgSchedule(optimizerOf(1), { name: 'cosine', warmup: 3, maxStep: 7 }), 9), want)
  const [first, second] = rates(new lrScheduler.NlgSchedule(optimizerOf(1), { name: 'cosine', maxStep: 7 }), 2)
  t.is(first, 0)
  t.true(second! > 0.9)
})

test("NlgSchedule 'cycle': absolute rates between borders, the last one afterwards", (t) => {
  const want = [0.1, 0.19999996666667777, 0.29999993333335556, 0.4, 0.2833333722222093, 0.16666674444441854, 0.05, 0.05]
  const options = { name: 'cycle', iSteps: [0, 3, 6], iLrs: [0.1, 0.4, 0.05] } as const
  near(
    t,
    rates(
      new lrScheduler.NlgSchedule(optimizerOf(0.02), {
        ...options,
        iSteps: [...options.iSteps],
        iLrs: [...options.iLrs],
      }),
      8,
    ),
    want,
  )
})

test("NlgSchedule 'linear' and 'constant' equal their transformers namesakes", (t) => {
  const linear = rates(new lrScheduler.LinearWarmup(optimizerOf(1), { warmup: 4, total: 12 }), 14)
  near(t, rates(new lrScheduler.NlgSchedule(optimizerOf(1), { name: 'linear', warmup: 4, maxStep: 12 }), 14), linear)
  const constant = rates(new lrScheduler.ConstantWithWarmup(optimizerOf(1), { warmup: 4 }), 14)
  near(
    t,
    rates(new lrScheduler.NlgSchedule(optimizerOf(1), { name: 'constant', warmup: 4, maxStep: 12 }), 14),
    constant,
  )
})

test('LrScheduler: sets lr of every group from its own initial rate, and takes any factor', (t) => {
  const optimizer = optimizerOf(1, 10)
  const schedule = new lrScheduler.LrScheduler(optimizer, (step) => 1 / (step + 1))
  t.deepEqual(schedule.getLastLr(), [1, 10])
  schedule.step()
  t.deepEqual(optimizer.paramGroups, [
    { lr: 0.5, initialLr: 1 },
    { lr: 5, initialLr: 10 },
  ])
  t.is(schedule.lastStep, 1)
})

test('LrScheduler: a saved state goes on in a new schedule with the same rates', (t) => {
  const options = { warmup: 2, total: 9 }
  const whole = new lrScheduler.CosineWarmup(optimizerOf(0.01), options)
  rates(whole, 5)
  const optimizer = optimizerOf(0.5)
  const resumed = new lrScheduler.CosineWarmup(optimizer, options)
  resumed.loadStateDict(JSON.parse(JSON.stringify(whole.stateDict())))
  t.is(optimizer.paramGroups[0]!.lr, whole.getLastLr()[0]!)
  t.deepEqual(rates(resumed, 5), rates(whole, 5))
})

test('LrScheduler: a state of another shape is refused and changes nothing', (t) => {
  const optimizer = optimizerOf(1)
  const schedule = new lrScheduler.LinearWarmup(optimizer, { total: 4 })
  for (const state of [
    { lastStep: 2, baseLrs: [1, 2] },
    { lastStep: -1, baseLrs: [1] },
    { lastStep: 2, baseLrs: [Number.NaN] },
  ]) {
    t.throws(() => schedule.loadStateDict(state), { instanceOf: OptionError, code: 'ERR_LORA_OPTION' })
  }
  t.is(schedule.lastStep, 0)
  t.is(optimizer.paramGroups[0]!.lr, 1)
})

test('schedules: a bad option is an error that says what was expected', (t) => {
  const bad: (() => unknown)[] = [
    () => new lrScheduler.LinearWarmup(optimizerOf(1), {} as never),
    () => new lrScheduler.LinearWarmup(optimizerOf(1), { total: 0 }),
    () => new lrScheduler.LinearWarmup(optimizerOf(1), { total: 10, warmup: 1.5 }),
    () => new lrScheduler.LinearWarmup(optimizerOf(1), { total: 10, warmUp: 2 } as never),
    () => new lrScheduler.LinearWarmup({ paramGroups: [] }, { total: 10 }),
    () => new lrScheduler.CosineWarmup(optimizerOf(1), { total: 10, numCycles: 0 }),
    () => new lrScheduler.CosineWithMinLr(optimizerOf(1), { total: 10 }),
    () => new lrScheduler.CosineWithMinLr(optimizerOf(1), { total: 10, minLr: 0.1, minLrRate: 0.1 }),
    () => new lrScheduler.Polynomial(optimizerOf(1e-8), { total: 10 }),
    () => new lrScheduler.InverseSqrt(optimizerOf(1), { timescale: 0 }),
    () => new lrScheduler.NlgSchedule(optimizerOf(1), { name: 'inv_sqrt' as never }),
    () => new lrScheduler.NlgSchedule(optimizerOf(1), { name: 'cosine' }),
    () => new lrScheduler.NlgSchedule(optimizerOf(1), { name: 'cycle', iSteps: [0, 5], iLrs: [1] }),
    () => new lrScheduler.NlgSchedule(optimizerOf(1), { name: 'cycle', iSteps: [5, 0], iLrs: [1, 2] }),
    () => new lrScheduler.LrScheduler(optimizerOf(1), undefined as never),
  ]
  bad.forEach((make, i) => {
    const error = t.throws(make, { instanceOf: OptionError, code: 'ERR_LORA_OPTION' }, `option ${i}`)
    t.truthy(error?.expected, `option ${i}`)
  })
})
