// Generated from src/nn/instance-norm.ts by `npm run api`. Do not edit.

import type { Tensor } from '../tensor/tensor.js'
import { RunningNorm } from './running-norm.js'
import type { RunningNormOptions } from './running-norm.js'
declare abstract class InstanceNorm extends RunningNorm {
  private readonly spatial
  constructor(owner: string, spatial: number, numFeatures: number, options: RunningNormOptions)
  forward(input: Tensor): Tensor
}
/**
 * Instance normalization: `y = (x − mean) / √(var + eps) · weight + bias`, with mean and variance (1/count) over each channel of each sample.
 *
 * Shapes: `x (N, C, L)` or `(C, L)` → the same. With `trackRunningStats`, evaluation uses running statistics, as in batch norm.
 *
 * @throws {OptionError} for sizes below 1 and for unknown options.
 * @throws {ShapeError} when `x` has another number of channels than the layer's tensors, or only one value per channel.
 */
export declare class InstanceNorm1d extends InstanceNorm {
  constructor(numFeatures: number, options?: RunningNormOptions)
}
/** {@link InstanceNorm1d} over `(N, C, H, W)` or `(C, H, W)`. */
export declare class InstanceNorm2d extends InstanceNorm {
  constructor(numFeatures: number, options?: RunningNormOptions)
}
/** {@link InstanceNorm1d} over `(N, C, D, H, W)` or `(C, D, H, W)`. */
export declare class InstanceNorm3d extends InstanceNorm {
  constructor(numFeatures: number, options?: RunningNormOptions)
}
export {}
