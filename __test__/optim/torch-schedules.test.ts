// PyTorch's schedules against its own rates: torch-schedules.json, which torch-schedules.py has recorded.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import test, { type ExecutionContext } from 'ava'
import * as lora from 'loralib'

const { lrScheduler } = lora.optim

type Json = number | string | boolean | null | Json[] | { [key: string]: Json }

interface Spec {
  class: string
  kwargs?: Record<string, Json>
  lambda?: string | string[]
  schedulers?: Spec[]
}

interface Recorded extends Spec {
  lrs: number[]
  steps: number
  optimizer?: 'SGD' | 'AdamW'
  /** The rates are halved by hand before this step. */
  nudge?: number
  /** What step() gets. */
  epochs?: number[]
  /** Before each step, of each group. */
  rates: number[][]
  momenta?: number[][]
  /** After half of the steps. */
  state?: Record<string, Json>
}

const file = fileURLToPath(new URL('../../__test__/optim/torch-schedules.json', import.meta.url))
const { metrics, cases } = JSON.parse(readFileSync(file, 'utf8')) as { metrics: (number | null)[]; cases: Recorded[] }

const LAMBDAS: Record<string, (epoch: number) => number> = {
  decay: (epoch) => 0.95 ** epoch,
  thirds: (epoch) => 1 / (1 + Math.floor(epoch / 3)),
}

/** PyTorch's names of options in ours. */
const camel = (kwargs: Record<string, Json> = {}): Record<string, Json> =>
  Object.fromEntries(
    Object.entries(kwargs).map(([key, value]) => [
      key.toLowerCase().replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase()),
      value,
    ]),
  )

interface Scheduler {
  step(value?: number): void
  getLastLr(): number[]
  stateDict(): object
  loadStateDict(state: object): void
}

type Optimizer = lora.optim.SGD | lora.optim.AdamW

function optimizerOf({ lrs, optimizer = 'SGD' }: Pick<Recorded, 'lrs' | 'optimizer'>): Optimizer {
  const groups = lrs.map((lr) => ({ params: [lora.nn.parameter(lora.zeros([1]))], lr }))
  return optimizer === 'SGD' ? new lora.optim.SGD(groups, { lr: 1, momentum: 0.9 }) : new lora.optim.AdamW(groups)
}

function build(optimizer: Optimizer, spec: Spec): Scheduler {
  const classes = lrScheduler as unknown as Record<string, new (...args: unknown[]) => Scheduler>
  const Class = classes[spec.class]!
  const options = camel(spec.kwargs)
  const parts = spec.schedulers?.map((part) => build(optimizer, part))
  if (spec.class === 'ChainedScheduler') return new Class(parts)
  if (parts) return new Class(optimizer, { ...options, schedulers: parts })
  if (spec.lambda === undefined) return new Class(optimizer, options)
  const lambda = Array.isArray(spec.lambda) ? spec.lambda.map((name) => LAMBDAS[name]!) : LAMBDAS[spec.lambda]!
  return new Class(optimizer, lambda)
}

function near(t: ExecutionContext, got: readonly number[], want: readonly number[], where: string): void {
  t.is(got.length, want.length, where)
  got.forEach((value, i) => t.true(Math.abs(value - want[i]!) <= 1e-18 + 1e-12 * Math.abs(want[i]!), `${where}: ${value}, not ${want[i]}`)) // prettier-ignore
}

const lrsOf = (optimizer: Optimizer) => optimizer.paramGroups.map(({ lr }) => lr)
const momentaOf = (optimizer: Optimizer) =>
  optimizer.paramGroups.map((group) => ('betas' in group ? group.betas[0] : (group as { momentum: number }).momentum))

function stepOf(recorded: Recorded, scheduler: Scheduler, step: number): void {
  if (recorded.class === 'ReduceLROnPlateau') scheduler.step(metrics[step] ?? Number.NaN)
  else if (recorded.epochs) scheduler.step(recorded.epochs[step]!)
  else scheduler.step()
}

/** Compares the steps from `from` on. */
function follow(t: ExecutionContext, recorded: Recorded, optimizer: Optimizer, scheduler: Scheduler, from = 0): void {
  for (let step = from; step < recorded.steps; step++) {
    near(t, lrsOf(optimizer), recorded.rates[step]!, `step ${step}`)
    near(t, scheduler.getLastLr(), recorded.rates[step]!, `getLastLr() at step ${step}`)
    if (recorded.momenta) near(t, momentaOf(optimizer), recorded.momenta[step]!, `momentum of step ${step}`)
    if (step === recorded.nudge) for (const group of optimizer.paramGroups) group.lr *= 0.5
    stepOf(recorded, scheduler, step)
  }
}

for (const [i, recorded] of cases.entries()) {
  const title = `${i} ${recorded.class} ${JSON.stringify(recorded.kwargs)}`
  test(`${title}: PyTorch's rates at every step`, (t) => {
    const optimizer = optimizerOf(recorded)
    follow(t, recorded, optimizer, build(optimizer, recorded))
  })
  if (recorded.nudge !== undefined) continue

  test(`${title}: a state, written as JSON, continues with the same rates`, (t) => {
    const optimizer = optimizerOf(recorded)
    const scheduler = build(optimizer, recorded)
    const half = Math.floor(recorded.steps / 2)
    for (let step = 0; step < half; step++) stepOf(recorded, scheduler, step)
    const state = JSON.parse(JSON.stringify(scheduler.stateDict())) as object
    const again = optimizerOf(recorded)
    const resumed = build(again, recorded)
    resumed.loadStateDict(state)
    t.deepEqual(resumed.stateDict(), scheduler.stateDict())
    follow(t, { ...recorded, momenta: undefined } as Recorded, again, resumed, half)
  })

  test(`${title}: a state of PyTorch continues with PyTorch's rates`, (t) => {
    const optimizer = optimizerOf(recorded)
    const scheduler = build(optimizer, recorded)
    scheduler.loadStateDict(recorded.state!)
    follow(t, { ...recorded, momenta: undefined } as Recorded, optimizer, scheduler, Math.floor(recorded.steps / 2))
  })
}

test('states: the keys are those of PyTorch, and the options in them count', (t) => {
  const optimizer = optimizerOf({ lrs: [0.1] })
  const scheduler = new lrScheduler.StepLR(optimizer, { stepSize: 3, gamma: 0.5 })
  t.deepEqual(scheduler.stateDict(), {
    step_size: 3,
    gamma: 0.5,
    base_lrs: [0.1],
    last_epoch: 0,
    _step_count: 1,
    _last_lr: [0.1],
  })
  const other = new lrScheduler.StepLR(optimizerOf({ lrs: [0.1] }), { stepSize: 100 })
  other.loadStateDict({ ...scheduler.stateDict(), last_epoch: 2 })
  other.step()
  t.deepEqual(other.getLastLr(), [0.05])
})

test('states: those of another schedule, of other groups and what is none are refused, and change nothing', (t) => {
  const make = () => {
    const optimizer = optimizerOf({ lrs: [0.1, 0.2] })
    const scheduler = new lrScheduler.CosineAnnealingLR(optimizer, { tMax: 10 })
    scheduler.step()
    return { optimizer, scheduler }
  }
  const good = make().scheduler.stateDict()
  const exponential = new lrScheduler.ExponentialLR(optimizerOf({ lrs: [0.1, 0.2] }), { gamma: 0.9 }).stateDict()
  const bad: [state: unknown, message: RegExp][] = [
    [exponential, /another schedule/],
    [{ ...good, base_lrs: [0.1] }, /base_lrs/],
    [{ ...good, _last_lr: [0.1, Number.NaN] }, /_last_lr/],
    [{ ...good, last_epoch: -2 }, /last_epoch/],
    [{ ...good, T_max: 0 }, /tMax/],
    [null, /state/],
    [[1], /state/],
  ]
  for (const [state, message] of bad) {
    const { optimizer, scheduler } = make()
    const before = [scheduler.stateDict(), lrsOf(optimizer)]
    t.throws(() => scheduler.loadStateDict(state as never), { instanceOf: lora.OptionError, message })
    t.deepEqual([scheduler.stateDict(), lrsOf(optimizer)], before)
  }
  const plateau = new lrScheduler.ReduceLROnPlateau(optimizerOf({ lrs: [0.1, 0.2] }))
  t.throws(() => plateau.loadStateDict(good), { instanceOf: lora.OptionError })
})

test('SequentialLR: a state of which one part does not fit changes no part', (t) => {
  const make = () => {
    const optimizer = optimizerOf({ lrs: [0.1] })
    const schedulers = [new lrScheduler.LinearLR(optimizer), new lrScheduler.ExponentialLR(optimizer, { gamma: 0.5 })]
    return { optimizer, scheduler: new lrScheduler.SequentialLR(optimizer, { schedulers, milestones: [5] }) }
  }
  const { scheduler } = make()
  for (let i = 0; i < 7; i++) scheduler.step()
  const state = scheduler.stateDict() as { _schedulers: object[] }
  const fresh = make()
  const before = [fresh.scheduler.stateDict(), lrsOf(fresh.optimizer)]
  const damaged = { ...state, _schedulers: [state._schedulers[0], { ...state._schedulers[1], gamma: 'x' }] }
  t.throws(() => fresh.scheduler.loadStateDict(damaged as never), { instanceOf: lora.OptionError, message: /gamma/ })
  t.deepEqual([fresh.scheduler.stateDict(), lrsOf(fresh.optimizer)], before)
})

test("PyTorch's schedules: bad options are refused, with the option named", (t) => {
  const optimizer = () => optimizerOf({ lrs: [0.1, 0.2] })
  const bad: [make: () => unknown, message: RegExp][] = [
    [() => new lrScheduler.StepLR(optimizer(), 30 as never), /options/],
    [() => new lrScheduler.StepLR(optimizer(), {} as never), /stepSize/],
    [() => new lrScheduler.StepLR(optimizer(), { stepSize: 0 }), /stepSize/],
    [() => new lrScheduler.StepLR(optimizer(), { step_size: 3 } as never), /write stepSize/],
    [() => new lrScheduler.StepLR({} as never, { stepSize: 3 }), /optimizer/],
    [() => new lrScheduler.MultiStepLR(optimizer(), { milestones: [1.5] }), /milestones/],
    [() => new lrScheduler.CosineAnnealingLR(optimizer(), { T_max: 3 } as never), /write tMax/],
    [() => new lrScheduler.LinearLR(optimizer(), { startFactor: 2 }), /startFactor/],
    [() => new lrScheduler.ConstantLR(optimizer(), { factor: 0 }), /factor/],
    [() => new lrScheduler.OneCycleLR(optimizer(), { maxLr: 1 }), /stepsPerEpoch/],
    [() => new lrScheduler.OneCycleLR(optimizer(), { maxLr: [1], totalSteps: 5 }), /maxLr/],
    [() => new lrScheduler.OneCycleLR(optimizer(), { maxLr: 1, totalSteps: 10, pctStart: 0.1 }), /pctStart/],
    [() => new lrScheduler.OneCycleLR({ paramGroups: [{ lr: 1 }] }, { maxLr: 1, totalSteps: 9 }), /momentum/],
    [() => new lrScheduler.LambdaLR(optimizer(), [() => 1]), /lrLambda/],
    [() => new lrScheduler.LambdaLR(optimizer(), () => Number.NaN), /lrLambda/],
    [() => new lrScheduler.ReduceLROnPlateau(optimizer(), { factor: 1 }), /factor/],
    [() => new lrScheduler.ReduceLROnPlateau(optimizer()).step(lora.tensor(1) as never), /item\(\)/],
    [() => new lrScheduler.ReduceLROnPlateau(optimizer()).step(undefined as never), /metrics/],
    [() => new lrScheduler.CosineAnnealingWarmRestarts(optimizer(), { t0: 5 }).step(-1), /epoch/],
    [() => new lrScheduler.ChainedScheduler([]), /schedulers/],
  ]
  for (const [make, message] of bad) t.throws(make, { instanceOf: lora.OptionError, message })
  const mine = optimizer()
  const schedulers = [new lrScheduler.LinearLR(mine), new lrScheduler.LinearLR(optimizer())]
  t.throws(() => new lrScheduler.SequentialLR(mine, { schedulers, milestones: [3] }), { message: /several optimizers/ })
  const own = [new lrScheduler.LinearLR(mine), new lrScheduler.LinearLR(mine)]
  t.throws(() => new lrScheduler.SequentialLR(mine, { schedulers: own, milestones: [] }), { message: /milestones/ })
  const plateau = new lrScheduler.ReduceLROnPlateau(mine) as never
  t.throws(() => new lrScheduler.ChainedScheduler([own[0]!, plateau]), { message: /schedulers\[1\]/ })
})

test("OneCycleLR: an optimizer's state of PyTorch, which holds its rates in the groups, is read", (t) => {
  const optimizer = optimizerOf({ lrs: [0.1] })
  const { state, param_groups } = optimizer.stateDict()
  const rates = { max_lr: 0.5, min_lr: 2e-6, max_momentum: 0.95, base_momentum: 0.85, initial_lr: 0.02 }
  const groups = param_groups.map((group) => ({ ...group, ...rates, lr: 0.3, momentum: 0.9 }))
  optimizer.loadStateDict({ state, param_groups: groups })
  t.deepEqual(lrsOf(optimizer), [0.3])
  t.false('maxLr' in optimizer.paramGroups[0]!)
})

test('schedules refuse an Adafactor that makes its own rates, which would not read theirs', (t) => {
  const optimizer = () => new lora.optim.Adafactor([lora.nn.parameter(lora.zeros([2]))])
  for (const make of [
    () => new lrScheduler.StepLR(optimizer(), { stepSize: 1 }),
    () => new lrScheduler.ReduceLROnPlateau(optimizer()),
    () => new lrScheduler.LinearWarmup(optimizer(), { total: 3 }),
  ])
    t.throws(make, { instanceOf: lora.OptionError, message: /relativeStep: false/ })
})

test('OneCycleLR: a step behind the last one is an error', (t) => {
  const scheduler = new lrScheduler.OneCycleLR(optimizerOf({ lrs: [0.1] }), { maxLr: 1, totalSteps: 4 })
  for (let i = 0; i < 4; i++) scheduler.step()
  t.throws(() => scheduler.step(), { instanceOf: lora.OptionError, message: /at most 4 steps/ })
})

test('a group that is added later is an error of the next step', (t) => {
  const optimizer = optimizerOf({ lrs: [0.1] }) as lora.optim.SGD
  const scheduler = new lrScheduler.CosineAnnealingWarmRestarts(optimizer, { t0: 4 })
  optimizer.addParamGroup({ params: [lora.nn.parameter(lora.zeros([1]))] })
  t.throws(() => scheduler.step(), { instanceOf: lora.OptionError, message: /groups/ })
})

test("runLoop and saveCheckpoint take PyTorch's schedules", async (t) => {
  const weight = lora.nn.parameter(lora.ones([1]))
  const optimizer = new lora.optim.SGD([weight], { lr: 0.1 })
  const schedule = new lrScheduler.StepLR(optimizer, { stepSize: 2, gamma: 0.5 })
  const loader = new lora.DataLoader([lora.ones([1]), lora.ones([1])], { batchSize: 1 })
  const rates: number[] = []
  await lora.train.runLoop({
    ...{ loader, optimizer, schedule, steps: 5 },
    loss: (batch) => (batch as lora.Tensor).mul(weight).sum(),
    onStep: ({ lr }) => void rates.push(lr),
  })
  t.deepEqual(rates, [0.1, 0.1, 0.05, 0.05, 0.025])
})
