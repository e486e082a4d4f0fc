// Generated from src/optim/schedules/cosine-annealing-lr.ts by `npm run api`. Do not edit.

import type { ScheduledOptimizer } from '../schedule.js'
import { TorchScheduler } from './torch-scheduler.js'
/** Options of {@link CosineAnnealingLR}. */
export interface CosineAnnealingLROptions {
  /** Steps of the fall, PyTorch's `T_max`. @integer @minimum 1 */
  tMax: number
  /** The rate at its end. @default 0 */
  etaMin?: number
}
/** Options of {@link CosineAnnealingWarmRestarts}. */
export interface CosineAnnealingWarmRestartsOptions {
  /** Steps of the first fall, PyTorch's `T_0`. @integer @minimum 1 */
  t0: number
  /** Factor between the lengths of two falls, PyTorch's `T_mult`. @integer @minimum 1 @default 1 */
  tMult?: number
  /** The rate at the end of a fall. @default 0 */
  etaMin?: number
}
/**
 * Lets the rates fall to `etaMin` along a half cosine of `tMax` steps, and rise again along the next.
 *
 * @example
 * const scheduler = new optim.lrScheduler.CosineAnnealingLR(optimizer, { tMax: 200 })
 * @throws {OptionError} for unknown options and options out of range.
 * @see torch `CosineAnnealingLR`: the same rates at the same steps.
 */
export declare class CosineAnnealingLR extends TorchScheduler<Required<CosineAnnealingLROptions>> {
  constructor(optimizer: ScheduledOptimizer, options: CosineAnnealingLROptions)
}
/**
 * Lets the rates fall to `etaMin` along a half cosine of `t0` steps, then starts again from the initial rates, each time `tMult` times as long.
 *
 * @example
 * const scheduler = new optim.lrScheduler.CosineAnnealingWarmRestarts(optimizer, { t0: 10, tMult: 2 })
 * scheduler.step(epoch + i / batches) // after each batch: a part of an epoch
 * @throws {OptionError} for unknown options and options out of range.
 * @see torch `CosineAnnealingWarmRestarts`, Loshchilov and Hutter 2017: the same rates at the same steps.
 */
export declare class CosineAnnealingWarmRestarts extends TorchScheduler<Required<CosineAnnealingWarmRestartsOptions>> {
  private current
  private length
  constructor(optimizer: ScheduledOptimizer, options: CosineAnnealingWarmRestartsOptions)
  /** Advances by one step, or goes to `epoch`, which need not be whole. */
  step(epoch?: number): void
  private goTo
}
