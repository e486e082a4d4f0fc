// Generated from src/optim/schedules/reduce-lr-on-plateau.ts by `npm run api`. Do not edit.

import type { ScheduledOptimizer } from '../schedule.js'
import type { TorchSchedulerState } from './torch-scheduler.js'
/** Options of {@link ReduceLROnPlateau}. */
export interface ReduceLROnPlateauOptions {
  /** Whether a metric should fall or rise. @default 'min' */
  mode?: 'min' | 'max'
  /** Factor of the rates. @exclusiveMaximum 1 @default 0.1 */
  factor?: number
  /** Steps without improvement that are waited for; the rates fall at the next one. @integer @minimum 0 @default 10 */
  patience?: number
  /** What counts as an improvement. @default 1e-4 */
  threshold?: number
  /** The threshold is a share of the best metric, or an amount. @default 'rel' */
  thresholdMode?: 'rel' | 'abs'
  /** Steps after a fall in which nothing is counted. @integer @minimum 0 @default 0 */
  cooldown?: number
  /** The lowest rate: one for all parameter groups, or one for each. @minimum 0 @default 0 */
  minLr?: number | readonly number[]
  /** Changes of a rate up to this are left out. @minimum 0 @default 1e-8 */
  eps?: number
}
/**
 * Multiplies the rates by `factor` when a metric has stopped improving for `patience` steps.
 *
 * @example
 * const scheduler = new optim.lrScheduler.ReduceLROnPlateau(optimizer, { mode: 'min', patience: 5 })
 * const loss = await validate()
 * scheduler.step(loss) // after each epoch, with its validation loss
 * @throws {OptionError} for unknown options and options out of range.
 * @see torch `ReduceLROnPlateau`: the same rates at the same steps.
 */
export declare class ReduceLROnPlateau {
  /** The optimizer whose rates it sets. */
  readonly optimizer: ScheduledOptimizer
  /** Steps made. */
  lastEpoch: number
  /** The best metric so far. */
  best: number
  /** Steps since then. */
  numBadEpochs: number
  /** Steps of the pause after a fall that remain. */
  cooldownCounter: number
  private settings
  private minLrs
  private lastLr
  constructor(optimizer: ScheduledOptimizer, options?: ReduceLROnPlateauOptions)
  /**
   * Notes a metric, and lets the rates fall when it is time. NaN is no improvement.
   * @checksItself metrics
   * @throws {OptionError} for something other than a number, such as a tensor.
   */
  step(metrics: number): void
  /** The rates after the last step, one for each parameter group. */
  getLastLr(): number[]
  /** The state, with PyTorch's names. */
  stateDict(): TorchSchedulerState
  /**
   * Loads a saved state, also one of PyTorch: what was counted, and the options, which replace those of the constructor. It sets the rates of that step, too,
   * which PyTorch leaves to the state of the optimizer.
   * @throws {OptionError} when the state is that of another schedule or of an optimizer with other groups; nothing is changed then.
   */
  loadStateDict(state: TorchSchedulerState): void
  private reduce
}
