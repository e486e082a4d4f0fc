// Generated from src/nn/functional/regression-losses.ts by `npm run api`. Do not edit.

import type { Tensor } from '../../tensor/tensor.js'
import type { ReductionOptions } from './losses.js'
/** Options of {@link l1Loss}. */
export type L1LossOptions = ReductionOptions
/** Options of {@link smoothL1Loss}. */
export interface SmoothL1LossOptions extends ReductionOptions {
  /** The difference at which the loss changes from quadratic to linear; with 0 it is {@link l1Loss}. @minimum 0 @default 1 */
  beta?: number
}
/** Options of {@link huberLoss}. */
export interface HuberLossOptions extends ReductionOptions {
  /** The difference at which the loss changes from quadratic to linear. @exclusiveMinimum 0 @default 1 */
  delta?: number
}
/**
 * `|input − target|`.
 *
 * @throws {ShapeError} when the shapes differ.
 */
export declare function l1Loss(input: Tensor, target: Tensor, options?: L1LossOptions): Tensor
/**
 * With `d = |input − target|`: `d² / (2 · beta)` below `beta`, `d − beta / 2` above.
 *
 * @throws {ShapeError} when the shapes differ; {@link OptionError} for a negative `beta`.
 */
export declare function smoothL1Loss(input: Tensor, target: Tensor, options?: SmoothL1LossOptions): Tensor
/**
 * With `d = |input − target|`: `d² / 2` up to `delta`, `delta · (d − delta / 2)` above (Huber 1964).
 *
 * @throws {ShapeError} when the shapes differ; {@link OptionError} when `delta` is not above 0.
 */
export declare function huberLoss(input: Tensor, target: Tensor, options?: HuberLossOptions): Tensor
