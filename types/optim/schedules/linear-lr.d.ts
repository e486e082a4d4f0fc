// Generated from src/optim/schedules/linear-lr.ts by `npm run api`. Do not edit.

import type { ScheduledOptimizer } from '../schedule.js'
import { TorchScheduler } from './torch-scheduler.js'
/** Options of {@link ConstantLR}. */
export interface ConstantLROptions {
  /** Factor of the rates until `totalIters`. @exclusiveMinimum 0 @maximum 1 @default 1/3 */
  factor?: number
  /** The step at which the rates return to what they were. @integer @minimum 0 @default 5 */
  totalIters?: number
}
/** Options of {@link LinearLR}. */
export interface LinearLROptions {
  /** Factor of the rates at the first step. @exclusiveMinimum 0 @maximum 1 @default 1/3 */
  startFactor?: number
  /** Factor of the rates at `totalIters` and after it. @minimum 0 @maximum 1 @default 1 */
  endFactor?: number
  /** Steps between the two. @integer @minimum 1 @default 5 */
  totalIters?: number
}
/** Options of {@link PolynomialLR}. */
export interface PolynomialLROptions {
  /** The step at which the rates are 0. @integer @minimum 1 @default 5 */
  totalIters?: number
  /** Exponent of the decay; 1 is linear. @default 1 */
  power?: number
}
/**
 * Multiplies the rates by `factor` until step `totalIters`.
 *
 * @example
 * const scheduler = new optim.lrScheduler.ConstantLR(optimizer, { factor: 0.5, totalIters: 4 })
 * @throws {OptionError} for unknown options and options out of range.
 * @see torch `ConstantLR`: the same rates at the same steps.
 */
export declare class ConstantLR extends TorchScheduler<Required<ConstantLROptions>> {
  constructor(optimizer: ScheduledOptimizer, options?: ConstantLROptions)
}
/**
 * Changes the factor of the rates in a straight line from `startFactor` to `endFactor`, in `totalIters` steps: a warm-up.
 *
 * @example
 * const scheduler = new optim.lrScheduler.LinearLR(optimizer, { startFactor: 0.05, totalIters: 20 })
 * @throws {OptionError} for unknown options and options out of range.
 * @see torch `LinearLR`: the same rates at the same steps.
 */
export declare class LinearLR extends TorchScheduler<Required<LinearLROptions>> {
  constructor(optimizer: ScheduledOptimizer, options?: LinearLROptions)
}
/**
 * Lets the rates fall to 0 in `totalIters` steps, as a power of the share of steps that remain.
 *
 * @example
 * const scheduler = new optim.lrScheduler.PolynomialLR(optimizer, { totalIters: 100, power: 2 })
 * @throws {OptionError} for unknown options and options out of range.
 * @see torch `PolynomialLR`: the same rates at the same steps.
 */
export declare class PolynomialLR extends TorchScheduler<Required<PolynomialLROptions>> {
  constructor(optimizer: ScheduledOptimizer, options?: PolynomialLROptions)
}
