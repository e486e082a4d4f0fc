// Generated from src/optim/schedule.ts by `npm run api`. Do not edit.

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
export declare function constantFactor(): LrFactor
/** Rises linearly from 0 to 1 in `warmup` steps, then stays at 1. */
export declare function constantWithWarmupFactor({ warmup }?: WarmupOptions): LrFactor
/** Rises to 1, then falls linearly to 0 at `total`. */
export declare function linearFactor({ warmup, total }: DecayOptions): LrFactor
/** Rises to 1, then follows `numCycles` cycles of a cosine between 1 and 0. */
export declare function cosineFactor({ warmup, total, numCycles }: CosineOptions): LrFactor
/** Rises to 1, then falls `numCycles` times from 1 to 0 along a half cosine, restarting at 1 each time. */
export declare function cosineWithRestartsFactor({ warmup, total, numCycles }: CosineOptions): LrFactor
/** {@link cosineFactor} rescaled to lie between 1 and `minLrRate`. */
export declare function cosineWithMinLrFactor(
  options: CosineOptions & {
    minLrRate: number
  },
): LrFactor
/** Rises to 1, then falls as `(1 − progress)^power` to `lrEnd / lrInit` at `total`. */
export declare function polynomialFactor(
  options: PolynomialOptions & {
    lrInit: number
  },
): LrFactor
/** Rises to 1, then falls as `1 / √((step + timescale − warmup) / timescale)`. */
export declare function inverseSqrtFactor(options?: InverseSqrtOptions): LrFactor
/**
 * The cosine of the NLG example. Its phase starts at step 0 and not at the end of the warm-up, so the rate drops abruptly when
 * the warm-up ends; and the first rate is 0 even without a warm-up. Source: `CosineAnnealingWarmupRestarts`.
 */
export declare function nlgCosineFactor({ warmup, maxStep }: { warmup?: number; maxStep: number }): LrFactor
/**
 * The piecewise linear schedule of the NLG example, in absolute rates: `iLrs[i]` at `iSteps[i]`, and the last rate outside
 * all pieces. `iSteps` should start with 0: steps before the first entry get the last rate, as upstream. Source: `CyclicScheduler`.
 */
export declare function nlgCycleRate({ iSteps, iLrs }: { iSteps: readonly number[]; iLrs: readonly number[] }): LrFactor
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
export declare class LrScheduler {
  #private
  /** @throws {OptionError} when the optimizer has no parameter groups or the factor is not a function. */
  constructor(optimizer: ScheduledOptimizer, factor: LrFactor)
  /** Steps taken so far; 0 before the first update. */
  get lastStep(): number
  /** Advances to the next step. Call it after `optimizer.step()`. */
  step(): void
  /** The current learning rate of each parameter group. */
  getLastLr(): number[]
  /** The state: the step and the initial rates. */
  stateDict(): LrSchedulerState
  /**
   * Loads a saved state and sets the learning rates of its step.
   * @throws {OptionError} when the state has another number of groups or is not that of a schedule; nothing is changed then.
   */
  loadStateDict(state: LrSchedulerState): void
}
/** Keeps the initial rate. @see {@link constantFactor} */
export declare class Constant extends LrScheduler {
  constructor(optimizer: ScheduledOptimizer, options?: ConstantOptions)
}
/** Warms up, then keeps the initial rate. @see {@link constantWithWarmupFactor} */
export declare class ConstantWithWarmup extends LrScheduler {
  constructor(optimizer: ScheduledOptimizer, options?: WarmupOptions)
}
/** Warms up, then falls linearly to 0. @see {@link linearFactor} */
export declare class LinearWarmup extends LrScheduler {
  constructor(optimizer: ScheduledOptimizer, options: DecayOptions)
}
/** Warms up, then falls to 0 along a cosine. @see {@link cosineFactor} */
export declare class CosineWarmup extends LrScheduler {
  constructor(optimizer: ScheduledOptimizer, options: CosineOptions)
}
/** Warms up, then falls to 0 along a cosine several times, with restarts. @see {@link cosineWithRestartsFactor} */
export declare class CosineWithRestarts extends LrScheduler {
  constructor(optimizer: ScheduledOptimizer, options: CosineOptions)
}
/** Warms up, then falls to a rate above 0 along a cosine. @see {@link cosineWithMinLrFactor} */
export declare class CosineWithMinLr extends LrScheduler {
  constructor(optimizer: ScheduledOptimizer, options: CosineMinLrOptions)
}
/** Warms up, then falls as a power of the remaining share of steps. @see {@link polynomialFactor} */
export declare class Polynomial extends LrScheduler {
  constructor(optimizer: ScheduledOptimizer, options: PolynomialOptions)
}
/** Warms up, then falls with the inverse square root of the step. @see {@link inverseSqrtFactor} */
export declare class InverseSqrt extends LrScheduler {
  constructor(optimizer: ScheduledOptimizer, options?: InverseSqrtOptions)
}
/**
 * The schedules of microsoft/LoRA `examples/NLG` by their names: `linear`, `constant`, `cosine` and `cycle`, with its
 * formulas unchanged. Upstream also accepts `inv_sqrt` and `dev_perf` and then keeps the rate constant; here they are errors.
 * `iLrs` of `cycle` are the rates of the first parameter group; other groups keep their proportion to it.
 */
export declare class NlgSchedule extends LrScheduler {
  /** @throws {OptionError} when the name is unknown or an option that its formula needs is missing. */
  constructor(optimizer: ScheduledOptimizer, options: NlgScheduleOptions)
}
