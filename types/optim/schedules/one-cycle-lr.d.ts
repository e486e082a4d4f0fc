// Generated from src/optim/schedules/one-cycle-lr.ts by `npm run api`. Do not edit.

import type { ScheduledOptimizer } from '../schedule.js'
import { TorchScheduler } from './torch-scheduler.js'
/** Options of {@link OneCycleLR}. Give `totalSteps`, or `epochs` and `stepsPerEpoch`. */
export interface OneCycleLROptions {
  /** The highest rate: one for all parameter groups, or one for each. @minimum 0 */
  maxLr: number | readonly number[]
  /** Steps of the whole run. @integer @minimum 1 @default epochs times stepsPerEpoch */
  totalSteps?: number
  /** Epochs of the run. @integer @minimum 1 @default none */
  epochs?: number
  /** Steps of an epoch. @integer @minimum 1 @default none */
  stepsPerEpoch?: number
  /** Share of the steps in which the rates rise. @minimum 0 @maximum 1 @default 0.3 */
  pctStart?: number
  /** Along a cosine, or in a straight line. @default 'cos' */
  annealStrategy?: 'cos' | 'linear'
  /** Let momentum (the first of `betas` in Adam) fall while the rates rise, and rise while they fall. @default true */
  cycleMomentum?: boolean
  /** Momentum where the rates are highest. @minimum 0 @maximum 1 @default 0.85 */
  baseMomentum?: number | readonly number[]
  /** Momentum at the beginning and at the end. @minimum 0 @maximum 1 @default 0.95 */
  maxMomentum?: number | readonly number[]
  /** The first rate is `maxLr / divFactor`. @exclusiveMinimum 0 @default 25 */
  divFactor?: number
  /** The last rate is the first one divided by this. @exclusiveMinimum 0 @default 1e4 */
  finalDivFactor?: number
  /** Fall to the first rate as steeply as they rose, then to the last one. @default false */
  threePhase?: boolean
}
type Settings = Required<Omit<OneCycleLROptions, 'epochs' | 'stepsPerEpoch'>> &
  Pick<OneCycleLROptions, 'epochs' | 'stepsPerEpoch'>
/**
 * Lets the rates rise from `maxLr / divFactor` to `maxLr` in the first `pctStart` of the run, and fall to a small part of the first rate in the rest (Smith and
 * Topin 2017). Momentum moves the other way round. Step it after each batch.
 *
 * @example
 * const scheduler = new optim.lrScheduler.OneCycleLR(optimizer, { maxLr: 0.01, epochs: 10, stepsPerEpoch: loader.length })
 * @throws {OptionError} for unknown options, options out of range, and an optimizer without momentum unless `cycleMomentum` is false.
 * @see torch `OneCycleLR`: the same rates at the same steps. PyTorch keeps the highest and lowest rates in the groups of the optimizer; here the schedule has them.
 */
export declare class OneCycleLR extends TorchScheduler<Settings> {
  constructor(optimizer: ScheduledOptimizer, options: OneCycleLROptions)
  step(): void
  private anneal
  /** The rates of a level, and the momentum that belongs to it. */
  private levels
  private setMomentum
}
export {}
