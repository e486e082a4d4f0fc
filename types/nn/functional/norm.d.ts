// Generated from src/nn/functional/norm.ts by `npm run api`. Do not edit.

import type { Tensor } from '../../tensor/tensor.js'
/**
 * `y = (x − mean) / √(var + eps) · weight + bias` per channel. In training mean and variance (1/count) are the batch's, and the running ones
 * move towards them: `running = (1 − momentum) · running + momentum · batch`, with the unbiased variance. Else the running ones are used.
 *
 * Shapes: `x (N, C, ...)`; `runningMean`, `runningVar`, `weight` and `bias` `(C)`. The running ones are changed in place.
 * @throws {ShapeError} when the channels do not fit, or when a channel has one value in training.
 */
export declare function batchNorm(
  x: Tensor,
  runningMean: Tensor | null,
  runningVar: Tensor | null,
  weight?: Tensor | null,
  bias?: Tensor | null,
  training?: boolean,
  momentum?: number,
  eps?: number,
): Tensor
/**
 * `y = (x − mean) / √(var + eps) · weight + bias`, mean and variance (1/count) over each of `numGroups` groups of channels of each sample.
 *
 * Shapes: `x (N, C, ...)` with C divisible by `numGroups`; `weight` and `bias` `(C)` (Wu and He 2018).
 */
export declare function groupNorm(
  x: Tensor,
  numGroups: number,
  weight?: Tensor | null,
  bias?: Tensor | null,
  eps?: number,
): Tensor
/**
 * `y = (x − mean) / √(var + eps) · weight + bias`, mean and variance (1/count) over each channel of each sample; with running statistics and
 * `useInputStats` false, as {@link batchNorm} in evaluation.
 *
 * Shapes: `x (N, C, ...)`; the others `(C)`. Running statistics move towards the mean over the samples.
 * @throws {ShapeError} when a channel of a sample has one value.
 */
export declare function instanceNorm(
  x: Tensor,
  runningMean?: Tensor | null,
  runningVar?: Tensor | null,
  weight?: Tensor | null,
  bias?: Tensor | null,
  useInputStats?: boolean,
  momentum?: number,
  eps?: number,
): Tensor
