// Generated from src/optim/schedules/torch-scheduler.ts by `npm run api`. Do not edit.

import type { ScheduledOptimizer } from '../schedule.js'
/** A value in the state of a schedule: what JSON can hold, and infinite numbers. */
export type TorchSchedulerValue =
  | number
  | string
  | boolean
  | null
  | readonly TorchSchedulerValue[]
  | {
      readonly [key: string]: TorchSchedulerValue
    }
/** The state of one of PyTorch's schedules, under PyTorch's keys: `last_epoch`, `base_lrs`, `_last_lr`, and its options. */
export type TorchSchedulerState = Record<string, TorchSchedulerValue>
/**
 * A schedule of `torch.optim.lr_scheduler`: the same rates at the same steps, in the same order of operations.
 *
 * The constructor sets the rates of the first update; each {@link step} sets those of the next. Call it after `optimizer.step()`, once an epoch or once an
 * update, as the schedule is meant. States have PyTorch's keys.
 */
export declare abstract class TorchScheduler<Settings extends object = object> {
  /** The optimizer whose rates it sets. */
  readonly optimizer: ScheduledOptimizer
  /** The rates that the schedule starts from, one for each parameter group. */
  baseLrs: number[]
  /** Steps made; 0 after the constructor. */
  lastEpoch: number
  private readonly kind
  private stepCount
  private lastLr
  /** Advances to the next step. Call it after `optimizer.step()`. */
  step(): void
  /** The rates that the last step set, one for each parameter group. */
  getLastLr(): number[]
  /** The state, with PyTorch's structure and names. Functions are not part of it. */
  stateDict(): TorchSchedulerState
  /**
   * Loads a saved state, also one of PyTorch: the step, the initial rates and the options, which replace those of the constructor. It sets the rates of that
   * step, too, which PyTorch leaves to the state of the optimizer.
   * @throws {OptionError} when the state is that of another schedule or of an optimizer with other groups; nothing is changed then.
   */
  loadStateDict(state: TorchSchedulerState): void
  private checkKeys
  /** The options in a state, checked; those that it lacks stay. */
  private settingsIn
}
