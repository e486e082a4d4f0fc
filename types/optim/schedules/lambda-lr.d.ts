// Generated from src/optim/schedules/lambda-lr.ts by `npm run api`. Do not edit.

import type { LrFactor, ScheduledOptimizer } from '../schedule.js'
import { TorchScheduler } from './torch-scheduler.js'
/** A function of the step for all parameter groups, or one for each. */
export type LrLambda = LrFactor | readonly LrFactor[]
interface Lambdas {
  lambdas: readonly LrFactor[]
}
declare abstract class LambdaScheduler extends TorchScheduler<Lambdas> {}
/**
 * Sets the rates to the initial ones times `lrLambda(step)`. A state holds no functions: give them to the constructor again.
 *
 * @example
 * const scheduler = new optim.lrScheduler.LambdaLR(optimizer, (epoch) => 0.95 ** epoch)
 * @throws {OptionError} for something other than a function, or one for each parameter group.
 * @see torch `LambdaLR`: the same rates at the same steps.
 */
export declare class LambdaLR extends LambdaScheduler {
  constructor(optimizer: ScheduledOptimizer, lrLambda: LrLambda)
}
/**
 * Multiplies the rates by `lrLambda(step)` at each step. A state holds no functions: give them to the constructor again.
 *
 * @example
 * const scheduler = new optim.lrScheduler.MultiplicativeLR(optimizer, () => 0.95)
 * @throws {OptionError} for something other than a function, or one for each parameter group.
 * @see torch `MultiplicativeLR`: the same rates at the same steps.
 */
export declare class MultiplicativeLR extends LambdaScheduler {
  constructor(optimizer: ScheduledOptimizer, lrLambda: LrLambda)
}
export {}
