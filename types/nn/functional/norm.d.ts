// Generated from src/nn/functional/norm.ts by `npm run api`. Do not edit.

import type { Tensor } from '../../tensor/tensor.js'
/**
 * `y = (x − mean) / √(var + eps) · weight + bias` per channel. In training, mean and variance (1/count) are those of the batch, and the
 * running statistics are updated: `running = (1 − momentum) · running + momentum · batch`, with the unbiased variance. Otherwise the running
 * statistics are used.
 *
 * Shapes: `x (N, C, ...)`; `runningMean`, `runningVar`, `weight` and `bias` `(C)`. The running statistics are changed in place.
 * @throws {ShapeError} when the channels do not match, or when a channel has only one value in training.
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
 * `y = (x − mean) / √(var + eps) · weight + bias`, with mean and variance (1/count) over each of `numGroups` groups of channels of each sample.
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
 * `y = (x − mean) / √(var + eps) · weight + bias`, with mean and variance (1/count) over each channel of each sample. With running statistics and
 * `useInputStats` false it computes what {@link batchNorm} does in evaluation.
 *
 * Shapes: `x (N, C, ...)`; the others `(C)`. Running statistics are updated with the mean over the samples.
 * @throws {ShapeError} when a channel of a sample has only one value.
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
