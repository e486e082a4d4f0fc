// Learning-rate schedules. Each exists as a pure function (options → factor of the step) and as a class that writes
// `factor(step) · initialLr` into the parameter groups of an optimizer.
import { OptionError } from '../errors.js'
import { checkOptions, nameClass } from '../runtime/check-options.js'
import { bad, checkInteger, show } from '../runtime/options.js'
import { schemas } from '../runtime/tables.js'
import { refuseRelativeStep } from './schedules/relative-step.js'

/** The learning rate at a step, as a multiple of the initial one. Step 0 is the first update. */
export type LrFactor = (step: number) => number

/** What a schedule needs from an optimizer: groups whose `lr` it can set. */
export interface ScheduledOptimizer {
  /** The parameter groups. */
  readonly paramGroups: readonly ScheduledGroup[]
}

/** One parameter group. */
export interface ScheduledGroup {
  /** Learning rate, set by the schedule. */
  lr: number
  /** The learning rate that factors multiply; the first schedule records it. */
  initialLr?: number
}

/** The state of a schedule, to resume it after a restart. */
export type LrSchedulerState = {
  /** Steps taken so far. */
  lastStep: number
  /** Initial learning rate of each parameter group. */
  baseLrs: number[]
}

/** Options of {@link Constant}: there are none. */
export type ConstantOptions = Record<string, never>

/** Options of the schedules that only warm up. */
export interface WarmupOptions {
  /** Number of steps in which the rate rises linearly from 0 to the initial rate; the NLG example's `--warmup_step`. @integer @minimum 0 @default 0 */
  warmup?: number
}

/** Options of the schedules that decay over a fixed number of updates. */
export interface DecayOptions extends WarmupOptions {
  /** Number of updates in the whole run, warm-up included. @integer @minimum 1 */
  total: number
}

/** Options of {@link CosineWarmup} and {@link CosineWithRestarts}. */
export interface CosineOptions extends DecayOptions {
  /** Number of cosine cycles. @exclusiveMinimum 0 @default 0.5 (one fall from 1 to 0); with restarts 1 */
  numCycles?: number
}

/** Options of {@link CosineWithMinLr}: exactly one of `minLr` and `minLrRate`. */
export interface CosineMinLrOptions extends CosineOptions {
  /** Final learning rate, absolute. @minimum 0 @default none: this or `minLrRate` must be given */
  minLr?: number
  /** Final learning rate, as a share of the initial one. @minimum 0 @default none: this or `minLr` must be given */
  minLrRate?: number
}

/** Options of {@link Polynomial}. */
export interface PolynomialOptions extends DecayOptions {
  /** Final learning rate, absolute; must be below the initial rate. @minimum 0 @default 1e-7 */
  lrEnd?: number
  /** Exponent of the decay; 1 is linear. @exclusiveMinimum 0 @default 1 */
  power?: number
}

/** Options of {@link InverseSqrt}. */
export interface InverseSqrtOptions extends WarmupOptions {
  /** Number of steps after which the rate has fallen to about 1/√2 of its peak. @exclusiveMinimum 0 @default warmup, or 10000 without a warm-up */
  timescale?: number
}

/** Options of {@link NlgSchedule}. */
export interface NlgScheduleOptions extends WarmupOptions {
  /** The example's `--scheduler`. */
  name: NlgScheduleName
  /** The example's `--max_step`; `linear` and `cosine` need it. @integer @minimum 1 @default none */
  maxStep?: number
  /** The example's `--i_steps`: the steps at which the linear pieces meet; `cycle` needs it. @integer @minimum 0 @minItems 1 @default none */
  iSteps?: number[]
  /** The example's `--i_lrs`: the absolute rate at each of these steps; `cycle` needs it. @minimum 0 @default none */
  iLrs?: number[]
}

/** The schedules of microsoft/LoRA `examples/NLG`. */
export type NlgScheduleName = 'linear' | 'constant' | 'cosine' | 'cycle'

/** `1` at every step. */
export function constantFactor(): LrFactor {
  return () => 1
}

/** Rises linearly from 0 to 1 in `warmup` steps, then stays at 1. */
export function constantWithWarmupFactor({ warmup = 0 }: WarmupOptions = {}): LrFactor {
  return (step) => (step < warmup ? step / Math.max(1, warmup) : 1)
}

/** Rises to 1, then falls linearly to 0 at `total`. */
export function linearFactor({ warmup = 0, total }: DecayOptions): LrFactor {
  return withWarmup(warmup, (step) => Math.max(0, (total - step) / Math.max(1, total - warmup)))
}

/** Rises to 1, then follows `numCycles` cycles of a cosine between 1 and 0. */
export function cosineFactor({ warmup = 0, total, numCycles = 0.5 }: CosineOptions): LrFactor {
  return withWarmup(warmup, (step) =>
    Math.max(0, 0.5 * (1 + Math.cos(Math.PI * numCycles * 2 * progress(step, warmup, total)))),
  )
}

/** Rises to 1, then falls `numCycles` times from 1 to 0 along a half cosine, restarting at 1 each time. */
export function cosineWithRestartsFactor({ warmup = 0, total, numCycles = 1 }: CosineOptions): LrFactor {
  return withWarmup(warmup, (step) => {
    const done = progress(step, warmup, total)
    if (done >= 1) return 0
    return Math.max(0, 0.5 * (1 + Math.cos(Math.PI * ((numCycles * done) % 1))))
  })
}

/** {@link cosineFactor} rescaled to lie between 1 and `minLrRate`. */
export function cosineWithMinLrFactor(options: CosineOptions & { minLrRate: number }): LrFactor {
  const { warmup = 0, total, numCycles = 0.5, minLrRate } = options
  return withWarmup(warmup, (step) => {
    const wave = 0.5 * (1 + Math.cos(Math.PI * numCycles * 2 * progress(step, warmup, total)))
    return Math.max(0, wave * (1 - minLrRate) + minLrRate)
  })
}

/** Rises to 1, then falls as `(1 − progress)^power` to `lrEnd / lrInit` at `total`. */
export function polynomialFactor(options: PolynomialOptions & { lrInit: number }): LrFactor {
  const { warmup = 0, total, lrEnd = 1e-7, power = 1, lrInit } = options
  return withWarmup(warmup, (step) => {
    if (step > total) return lrEnd / lrInit
    const remaining = 1 - progress(step, warmup, total)
    return ((lrInit - lrEnd) * remaining ** power + lrEnd) / lrInit
  })
}

/** Rises to 1, then falls as `1 / √((step + timescale − warmup) / timescale)`. */
export function inverseSqrtFactor(options: InverseSqrtOptions = {}): LrFactor {
  const { warmup = 0, timescale = warmup || 10_000 } = options
  return withWarmup(warmup, (step) => 1 / Math.sqrt((step + timescale - warmup) / timescale))
}

/**
 * The cosine of the NLG example. Its phase starts at step 0 and not at the end of the warm-up, so the rate drops abruptly when
 * the warm-up ends; and the first rate is 0 even without a warm-up. Source: `CosineAnnealingWarmupRestarts`.
 */
export function nlgCosineFactor({ warmup = 0, maxStep }: { warmup?: number; maxStep: number }): LrFactor {
  return (step) => {
    if (step === 0) return 0
    if (step < warmup) return step / warmup
    return 0.5 * (1 + Math.cos((Math.PI * Math.min(step, maxStep)) / maxStep))
  }
}

/**
 * The piecewise linear schedule of the NLG example, in absolute rates: `iLrs[i]` at `iSteps[i]`, and the last rate outside
 * all pieces. `iSteps` should start with 0: steps before the first entry get the last rate, as upstream. Source: `CyclicScheduler`.
 */
export function nlgCycleRate({ iSteps, iLrs }: { iSteps: readonly number[]; iLrs: readonly number[] }): LrFactor {
  return (step) => {
    if (step === 0) return iLrs[0]!
    for (let i = 0; i + 1 < iSteps.length; i++) {
      const [from, to] = [iSteps[i]!, iSteps[i + 1]!]
      if (step < from || step >= to) continue
      // Upstream's guard against two equal steps. It shifts every rate by a millionth; it is kept so that the numbers agree.
      const alpha = Math.min(1, Math.max(0, (step - from) / (to - from + 1e-6)))
      return alpha * iLrs[i + 1]! + (1 - alpha) * iLrs[i]!
    }
    return iLrs.at(-1)!
  }
}

/**
 * Sets `group.lr = factor(step) · group.initialLr` for every parameter group. It is the base class of all schedules and can be
 * used directly with a custom factor. The constructor sets the rate of the first update; each {@link step} sets that of the next.
 *
 * @example
 * const schedule = new optim.lrScheduler.LinearWarmup(optimizer, { warmup: 100, total: 2000 })
 * for (const batch of batches) {
 *   model.forward(batch).loss.backward()
 *   await optimizer.step()
 *   schedule.step()
 * }
 * @see torch `LambdaLR`, transformers `optimization.py`: the same rates at the same steps.
 */
export class LrScheduler {
  #optimizer: ScheduledOptimizer
  #factor: LrFactor
  #lastStep = 0

  /** @throws {OptionError} when the optimizer has no parameter groups or the factor is not a function. */
  constructor(optimizer: ScheduledOptimizer, factor: LrFactor) {
    checkOptimizer(optimizer)
    if (typeof factor !== 'function') throw bad('LrScheduler', 'factor', 'a function of the step', factor)
    this.#optimizer = optimizer
    this.#factor = factor
    for (const group of optimizer.paramGroups) group.initialLr ??= group.lr
    this.#apply()
  }

  /** Steps taken so far; 0 before the first update. */
  get lastStep(): number {
    return this.#lastStep
  }

  /** Advances to the next step. Call it after `optimizer.step()`. */
  step(): void {
    this.#lastStep += 1
    this.#apply()
  }

  /** The current learning rate of each parameter group. */
  getLastLr(): number[] {
    return this.#optimizer.paramGroups.map((group) => group.lr)
  }

  /** The state: the step and the initial rates. */
  stateDict(): LrSchedulerState {
    return {
      lastStep: this.#lastStep,
      baseLrs: this.#optimizer.paramGroups.map((group) => group.initialLr ?? group.lr),
    }
  }

  /**
   * Loads a saved state and sets the learning rates of its step.
   * @throws {OptionError} when the state has another number of groups or is not that of a schedule; nothing is changed then.
   */
  loadStateDict(state: LrSchedulerState): void {
    const groups = this.#optimizer.paramGroups
    const lastStep = checkInteger('LrScheduler.loadStateDict', 'lastStep', state?.lastStep, 0)
    const baseLrs = state.baseLrs
    if (!Array.isArray(baseLrs) || baseLrs.length !== groups.length || !baseLrs.every(Number.isFinite)) {
      throw bad('LrScheduler.loadStateDict', 'baseLrs', `${groups.length} numbers, one per parameter group`, baseLrs)
    }
    groups.forEach((group, i) => (group.initialLr = baseLrs[i]!))
    this.#lastStep = lastStep
    this.#apply()
  }

  #apply(): void {
    const factor = this.#factor(this.#lastStep)
    for (const group of this.#optimizer.paramGroups) group.lr = (group.initialLr ??= group.lr) * factor
  }
}

nameClass('LrScheduler', LrScheduler)

/** Keeps the initial rate. @see {@link constantFactor} */
export class Constant extends LrScheduler {
  constructor(optimizer: ScheduledOptimizer, options: ConstantOptions = {}) {
    checkOptions('lrScheduler.Constant', options, schemas.ConstantOptions)
    super(optimizer, constantFactor())
  }
}

/** Warms up, then keeps the initial rate. @see {@link constantWithWarmupFactor} */
export class ConstantWithWarmup extends LrScheduler {
  constructor(optimizer: ScheduledOptimizer, options: WarmupOptions = {}) {
    checkOptions('lrScheduler.ConstantWithWarmup', options, schemas.WarmupOptions)
    super(optimizer, constantWithWarmupFactor(options))
  }
}

/** Warms up, then falls linearly to 0. @see {@link linearFactor} */
export class LinearWarmup extends LrScheduler {
  constructor(optimizer: ScheduledOptimizer, options: DecayOptions) {
    checkOptions('lrScheduler.LinearWarmup', options, schemas.DecayOptions)
    super(optimizer, linearFactor(options))
  }
}

/** Warms up, then falls to 0 along a cosine. @see {@link cosineFactor} */
export class CosineWarmup extends LrScheduler {
  constructor(optimizer: ScheduledOptimizer, options: CosineOptions) {
    checkOptions('lrScheduler.CosineWarmup', options, schemas.CosineOptions)
    super(optimizer, cosineFactor(options))
  }
}

/** Warms up, then falls to 0 along a cosine several times, with restarts. @see {@link cosineWithRestartsFactor} */
export class CosineWithRestarts extends LrScheduler {
  constructor(optimizer: ScheduledOptimizer, options: CosineOptions) {
    checkOptions('lrScheduler.CosineWithRestarts', options, schemas.CosineOptions)
    super(optimizer, cosineWithRestartsFactor(options))
  }
}

/** Warms up, then falls to a rate above 0 along a cosine. @see {@link cosineWithMinLrFactor} */
export class CosineWithMinLr extends LrScheduler {
  constructor(optimizer: ScheduledOptimizer, options: CosineMinLrOptions) {
    const owner = 'lrScheduler.CosineWithMinLr'
    checkOptions(owner, options, schemas.CosineMinLrOptions)
    super(optimizer, cosineWithMinLrFactor({ ...options, minLrRate: minLrRateOf(owner, optimizer, options) }))
  }
}

/** Warms up, then falls as a power of the remaining share of steps. @see {@link polynomialFactor} */
export class Polynomial extends LrScheduler {
  constructor(optimizer: ScheduledOptimizer, options: PolynomialOptions) {
    const owner = 'lrScheduler.Polynomial'
    checkOptions(owner, options, schemas.PolynomialOptions)
    const [lrInit, lrEnd] = [initialLrOf(optimizer), options.lrEnd ?? 1e-7]
    if (!(lrEnd < lrInit)) throw bad(owner, 'lrEnd', `below the initial rate ${lrInit}`, lrEnd)
    super(optimizer, polynomialFactor({ ...options, lrInit }))
  }
}

/** Warms up, then falls with the inverse square root of the step. @see {@link inverseSqrtFactor} */
export class InverseSqrt extends LrScheduler {
  constructor(optimizer: ScheduledOptimizer, options: InverseSqrtOptions = {}) {
    checkOptions('lrScheduler.InverseSqrt', options, schemas.InverseSqrtOptions)
    super(optimizer, inverseSqrtFactor(options))
  }
}

/**
 * The schedules of microsoft/LoRA `examples/NLG` by their names: `linear`, `constant`, `cosine` and `cycle`, with its
 * formulas unchanged. Upstream also accepts `inv_sqrt` and `dev_perf` and then keeps the rate constant; here they are errors.
 * `iLrs` of `cycle` are the rates of the first parameter group; other groups keep their proportion to it.
 */
export class NlgSchedule extends LrScheduler {
  /** @throws {OptionError} when the name is unknown or an option that its formula needs is missing. */
  constructor(optimizer: ScheduledOptimizer, options: NlgScheduleOptions) {
    const owner = 'lrScheduler.NlgSchedule'
    checkOptions(owner, options, schemas.NlgScheduleOptions)
    const { name } = options
    if (name === 'cycle') {
      const lrInit = initialLrOf(optimizer)
      if (!(lrInit > 0)) throw bad(owner, 'lr', "above 0, since 'cycle' is written as a share of it", lrInit)
      const rate = nlgCycleRate(checkPieces(owner, options))
      super(optimizer, (step) => rate(step) / lrInit)
    } else {
      super(optimizer, nlgFactor(owner, name, options))
    }
  }
}

function nlgFactor(owner: string, name: Exclude<NlgScheduleName, 'cycle'>, options: NlgScheduleOptions): LrFactor {
  const { warmup = 0 } = options
  if (name === 'constant') return constantWithWarmupFactor({ warmup })
  const maxStep = checkInteger(owner, 'maxStep', options.maxStep, 1)
  return name === 'linear' ? linearFactor({ warmup, total: maxStep }) : nlgCosineFactor({ warmup, maxStep })
}

function withWarmup(warmup: number, after: LrFactor): LrFactor {
  return (step) => (step < warmup ? step / Math.max(1, warmup) : after(step))
}

/** The share of the steps after the warm-up that is done; above 1 after the end. */
function progress(step: number, warmup: number, total: number): number {
  return (step - warmup) / Math.max(1, total - warmup)
}

/** The initial rate of the first group, to which absolute rates are relative; transformers uses the optimizer's default. */
function initialLrOf(optimizer: ScheduledOptimizer): number {
  checkOptimizer(optimizer)
  const group = optimizer.paramGroups[0]!
  return group.initialLr ?? group.lr
}

function minLrRateOf(owner: string, optimizer: ScheduledOptimizer, { minLr, minLrRate }: CosineMinLrOptions): number {
  if ((minLr === undefined) === (minLrRate === undefined)) {
    throw new OptionError({
      what: `${owner}: the final learning rate is ambiguous`,
      expected: 'exactly one of minLr (absolute) and minLrRate (share of the initial rate)',
      received: minLr === undefined ? 'neither' : `minLr ${show(minLr)} and minLrRate ${show(minLrRate)}`,
      fix: 'pass one of the two',
    })
  }
  return minLrRate ?? minLr! / initialLrOf(optimizer)
}

function checkOptimizer(optimizer: ScheduledOptimizer): void {
  const groups: unknown = optimizer?.paramGroups
  if (!Array.isArray(groups) || groups.length === 0) {
    throw bad('lrScheduler', 'optimizer', 'an optimizer with at least one parameter group', optimizer)
  }
  refuseRelativeStep('lrScheduler', optimizer)
}

function checkPieces(owner: string, { iSteps, iLrs }: NlgScheduleOptions): { iSteps: number[]; iLrs: number[] } {
  if (!Array.isArray(iSteps) || iSteps.length === 0) throw bad(owner, 'iSteps', 'at least one step', iSteps)
  if (!Array.isArray(iLrs) || iLrs.length !== iSteps.length) {
    throw bad(owner, 'iLrs', `${iSteps.length} rates, one per entry of iSteps`, iLrs)
  }
  iSteps.forEach((step, i) => checkInteger(owner, `iSteps[${i}]`, step, i === 0 ? 0 : iSteps[i - 1]! + 1))
  return { iSteps: [...iSteps], iLrs: [...iLrs] }
}
