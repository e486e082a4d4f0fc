import type { Tensor } from '../tensor/tensor.js'
import { instanceNormOf } from './functional/norm.js'
import { RunningNorm } from './running-norm.js'
import type { RunningNormOptions } from './running-norm.js'
import { toBatch } from './functional/spatial.js'

abstract class InstanceNorm extends RunningNorm {
  constructor(
    owner: string,
    private readonly spatial: number,
    numFeatures: number,
    options: RunningNormOptions,
  ) {
    super(owner, numFeatures, options, false)
  }

  override forward(input: Tensor): Tensor {
    const [x, undo] = toBatch(this.owner, input, this.spatial)
    const usesInput = this.training || this.runningMean === null || this.runningVar === null
    // Without momentum the running statistics are not updated, as in PyTorch.
    const share = usesInput ? (this.training ? (this.momentum ?? 0) : 0) : null
    return undo(instanceNormOf(this.owner, x, this, this.weight, this.bias, share, this.eps))
  }
}

/**
 * Instance normalization: `y = (x − mean) / √(var + eps) · weight + bias`, with mean and variance (1/count) over each channel of each sample.
 *
 * Shapes: `x (N, C, L)` or `(C, L)` → the same. With `trackRunningStats`, evaluation uses running statistics, as in batch norm.
 *
 * @throws {OptionError} for sizes below 1 and for unknown options.
 * @throws {ShapeError} when `x` has another number of channels than the layer's tensors, or only one value per channel.
 */
export class InstanceNorm1d extends InstanceNorm {
  constructor(numFeatures: number, options: RunningNormOptions = {}) {
    super('nn.InstanceNorm1d', 1, numFeatures, options)
  }
}

/** {@link InstanceNorm1d} over `(N, C, H, W)` or `(C, H, W)`. */
export class InstanceNorm2d extends InstanceNorm {
  constructor(numFeatures: number, options: RunningNormOptions = {}) {
    super('nn.InstanceNorm2d', 2, numFeatures, options)
  }
}

/** {@link InstanceNorm1d} over `(N, C, D, H, W)` or `(C, D, H, W)`. */
export class InstanceNorm3d extends InstanceNorm {
  constructor(numFeatures: number, options: RunningNormOptions = {}) {
    super('nn.InstanceNorm3d', 3, numFeatures, options)
  }
}
