// Generated from src/nn/batch-norm.ts by `npm run api`. Do not edit.

import type { Tensor } from '../tensor/tensor.js'
import { RunningNorm } from './running-norm.js'
import type { RunningNormOptions } from './running-norm.js'
declare abstract class BatchNorm extends RunningNorm {
  private readonly shapes
  constructor(owner: string, shapes: Readonly<Record<number, string>>, numFeatures: number, options: RunningNormOptions)
  forward(x: Tensor): Tensor
  /** Share of this batch in the running statistics. */
  private nextShare
  private wrongShape
}
/**
 * Batch normalisation: `y = (x − mean) / √(var + eps) · weight + bias` per channel (Ioffe and Szegedy 2015).
 *
 * Shapes: `x (N, C)` or `(N, C, L)` → the same. In training mean and variance (1/count) are the batch's; evaluation uses the running
 * ones, which training moves towards each batch's (variance with 1/(count − 1)): by `momentum`, or evenly over all batches when it is null.
 * State dict: `weight`, `bias`, `running_mean`, `running_var`, `num_batches_tracked`, as PyTorch's.
 *
 * @throws {OptionError} for sizes below 1 and for unknown options.
 * @throws {ShapeError} when `x` has other channels, or in training one value a channel.
 */
export declare class BatchNorm1d extends BatchNorm {
  constructor(numFeatures: number, options?: RunningNormOptions)
}
/**
 * {@link BatchNorm1d} over `(N, C, H, W)`.
 *
 * @example
 * const block = new nn.Sequential(new nn.Conv2d(3, 16, 3), new nn.BatchNorm2d(16), new nn.ReLU())
 */
export declare class BatchNorm2d extends BatchNorm {
  constructor(numFeatures: number, options?: RunningNormOptions)
}
/** {@link BatchNorm1d} over `(N, C, D, H, W)`. */
export declare class BatchNorm3d extends BatchNorm {
  constructor(numFeatures: number, options?: RunningNormOptions)
}
export {}
