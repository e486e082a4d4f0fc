// Generated from src/nn/batch-norm.ts by `npm run api`. Do not edit.

import type { Tensor } from '../tensor/tensor.js'
import { RunningNorm } from './running-norm.js'
import type { RunningNormOptions } from './running-norm.js'
declare abstract class BatchNorm extends RunningNorm {
  private readonly shapes
  constructor(owner: string, shapes: Readonly<Record<number, string>>, numFeatures: number, options: RunningNormOptions)
  forward(x: Tensor): Tensor
  /** The number of training batches with this one; null when the layer does not count. It is not read back: a forward only records. */
  private nextCount
  private wrongShape
}
/**
 * Batch normalization: `y = (x − mean) / √(var + eps) · weight + bias` per channel (Ioffe and Szegedy 2015).
 *
 * Shapes: `x (N, C)` or `(N, C, L)` → the same. In training, mean and variance (1/count) are those of the batch. Evaluation uses running
 * statistics, which training updates from each batch (variance with 1/(count − 1)): by `momentum`, or as the average of all batches when it is null.
 * State dict: `weight`, `bias`, `running_mean`, `running_var`, `num_batches_tracked`, as PyTorch's.
 *
 * @throws {OptionError} for sizes below 1 and for unknown options.
 * @throws {ShapeError} when `x` has another number of channels, or in training only one value per channel.
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
