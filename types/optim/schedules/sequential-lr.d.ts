// Generated from src/optim/schedules/sequential-lr.ts by `npm run api`. Do not edit.

import type { ScheduledOptimizer } from '../schedule.js'
import { TorchScheduler } from './torch-scheduler.js'
import type { TorchSchedulerState } from './torch-scheduler.js'
/** Options of {@link SequentialLR}. */
export interface SequentialLROptions {
  /** The schedules, in the order in which they run. All belong to the optimizer. @minItems 1 */
  schedulers: readonly TorchScheduler[]
  /** The steps at which the next schedule begins: one fewer than schedules. @integer @minimum 0 */
  milestones: readonly number[]
}
/** A schedule that {@link ChainedScheduler} can step. */
type Steppable = TorchScheduler | SequentialLR
/**
 * Runs one schedule after the other: a warm-up, then a decay. Each begins at its milestone with its own step 0.
 *
 * @example
 * const warmup = new optim.lrScheduler.LinearLR(optimizer, { startFactor: 0.1, totalIters: 20 })
 * const decay = new optim.lrScheduler.CosineAnnealingLR(optimizer, { tMax: 180 })
 * const scheduler = new optim.lrScheduler.SequentialLR(optimizer, { schedulers: [warmup, decay], milestones: [20] })
 * @throws {OptionError} for schedules of another optimizer, and milestones that do not fit.
 * @see torch `SequentialLR`: the same rates at the same steps.
 */
export declare class SequentialLR {
  /** The optimizer whose rates it sets. */
  readonly optimizer: ScheduledOptimizer
  /** Steps made. */
  lastEpoch: number
  private readonly schedulers
  private milestones
  private lastLr
  constructor(optimizer: ScheduledOptimizer, options: SequentialLROptions)
  /** Advances to the next step. Call it after `optimizer.step()`. */
  step(): void
  /** The rates that the last step set, one for each parameter group. */
  getLastLr(): number[]
  /** The state, with PyTorch's structure and names. */
  stateDict(): TorchSchedulerState
  /**
   * Loads a saved state into all parts, and sets the rates of that step.
   * @throws {OptionError} when the state is that of another schedule; nothing is changed then.
   */
  loadStateDict(state: TorchSchedulerState): void
  /** The schedule that runs at a step. */
  private indexAt
}
/**
 * Steps several schedules of one optimizer together: their factors multiply.
 *
 * @example
 * const half = new optim.lrScheduler.ConstantLR(optimizer, { factor: 0.5, totalIters: 4 })
 * const decay = new optim.lrScheduler.ExponentialLR(optimizer, { gamma: 0.9 })
 * const scheduler = new optim.lrScheduler.ChainedScheduler([half, decay])
 * @throws {OptionError} for an empty list, and schedules of several optimizers.
 * @see torch `ChainedScheduler`: the same rates at the same steps.
 */
export declare class ChainedScheduler {
  /** The optimizer whose rates it sets. */
  readonly optimizer: ScheduledOptimizer
  private readonly schedulers
  private lastLr
  constructor(schedulers: readonly Steppable[])
  /** Advances all to the next step. Call it after `optimizer.step()`. */
  step(): void
  /** The rates that the last step set, one for each parameter group. */
  getLastLr(): number[]
  /** The state, with PyTorch's structure and names. */
  stateDict(): TorchSchedulerState
  /**
   * Loads a saved state into all parts, and sets the rates of that step.
   * @throws {OptionError} when the state is that of another schedule; nothing is changed then.
   */
  loadStateDict(state: TorchSchedulerState): void
}
export {}
