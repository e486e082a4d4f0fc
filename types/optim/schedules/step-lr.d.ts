// Generated from src/optim/schedules/step-lr.ts by `npm run api`. Do not edit.

import type { ScheduledOptimizer } from '../schedule.js'
import { TorchScheduler } from './torch-scheduler.js'
/** Options of {@link StepLR}. */
export interface StepLROptions {
  /** Steps between two falls. @integer @minimum 1 */
  stepSize: number
  /** Factor of each fall. @default 0.1 */
  gamma?: number
}
/** Options of {@link MultiStepLR}. */
export interface MultiStepLROptions {
  /** The steps at which the rates fall; a step that is named twice counts twice. @integer @minimum 0 */
  milestones: readonly number[]
  /** Factor of each fall. @default 0.1 */
  gamma?: number
}
/** Options of {@link ExponentialLR}. */
export interface ExponentialLROptions {
  /** Factor of each step. */
  gamma: number
}
/**
 * Multiplies the rates by `gamma` after every `stepSize` steps.
 *
 * @example
 * const scheduler = new optim.lrScheduler.StepLR(optimizer, { stepSize: 30, gamma: 0.1 })
 * for (let epoch = 0; epoch < 90; epoch++) {
 *   await trainOneEpoch() // with optimizer.step() after each batch
 *   scheduler.step()
 * }
 * @throws {OptionError} for unknown options and options out of range.
 * @see torch `StepLR`: the same rates at the same steps.
 */
export declare class StepLR extends TorchScheduler<Required<StepLROptions>> {
  constructor(optimizer: ScheduledOptimizer, options: StepLROptions)
}
/**
 * Multiplies the rates by `gamma` at each of `milestones`.
 *
 * @example
 * const scheduler = new optim.lrScheduler.MultiStepLR(optimizer, { milestones: [30, 80], gamma: 0.1 })
 * @throws {OptionError} for unknown options and options out of range.
 * @see torch `MultiStepLR`: the same rates at the same steps. Its states hold a `Counter`, ours a list.
 */
export declare class MultiStepLR extends TorchScheduler<Required<MultiStepLROptions>> {
  constructor(optimizer: ScheduledOptimizer, options: MultiStepLROptions)
}
/**
 * Multiplies the rates by `gamma` at each step.
 *
 * @example
 * const scheduler = new optim.lrScheduler.ExponentialLR(optimizer, { gamma: 0.9 })
 * @throws {OptionError} for unknown options and options out of range.
 * @see torch `ExponentialLR`: the same rates at the same steps.
 */
export declare class ExponentialLR extends TorchScheduler<ExponentialLROptions> {
  constructor(optimizer: ScheduledOptimizer, options: ExponentialLROptions)
}
