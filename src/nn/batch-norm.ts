import { ShapeError } from '../errors.js'
import { noGrad, scope } from '../tensor/scope.js'
import type { Tensor } from '../tensor/tensor.js'
import { batchNormOf } from './functional/norm.js'
import { show } from '../runtime/options.js'
import { RunningNorm } from './running-norm.js'
import type { RunningNormOptions } from './running-norm.js'

abstract class BatchNorm extends RunningNorm {
  constructor(
    owner: string,
    private readonly shapes: Readonly<Record<number, string>>,
    numFeatures: number,
    options: RunningNormOptions,
  ) {
    super(owner, numFeatures, options, true)
  }

  override forward(x: Tensor): Tensor {
    if (!(x.ndim in this.shapes) || x.shape[1] !== this.numFeatures) throw this.wrongShape(x)
    const usesBatch = this.training || this.runningMean === null || this.runningVar === null
    if (!usesBatch) return batchNormOf(this.owner, x, this, this.weight, this.bias, null, this.eps)
    return scope(() => {
      const next = this.nextCount()
      const momentum = next === null ? 0 : (this.momentum ?? noGrad(() => next.to('f64').reciprocal()))
      return batchNormOf(this.owner, x, this, this.weight, this.bias, { momentum, count: next }, this.eps)
    })
  }

  /** The number of training batches with this one; null when the layer does not count. It is not read back: a forward only records. */
  private nextCount(): Tensor | null {
    const count = this.numBatchesTracked
    return this.training && count !== null ? noGrad(() => count.add(1)) : null
  }

  private wrongShape(x: Tensor): ShapeError {
    const expected = Object.values(this.shapes).map((rest) => `(N, ${this.numFeatures}${rest})`)
    return new ShapeError({
      what: `${this.owner}: the shape of x does not match the layer`,
      expected: `x ${expected.join(' or ')}`,
      received: `x ${show(x)}`,
      fix: 'channels are dimension 1 of x; build the layer with the number of channels of its input',
    })
  }
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
export class BatchNorm1d extends BatchNorm {
  constructor(numFeatures: number, options: RunningNormOptions = {}) {
    super('nn.BatchNorm1d', { 2: '', 3: ', L' }, numFeatures, options)
  }
}

/**
 * {@link BatchNorm1d} over `(N, C, H, W)`.
 *
 * @example
 * const block = new nn.Sequential(new nn.Conv2d(3, 16, 3), new nn.BatchNorm2d(16), new nn.ReLU())
 */
export class BatchNorm2d extends BatchNorm {
  constructor(numFeatures: number, options: RunningNormOptions = {}) {
    super('nn.BatchNorm2d', { 4: ', H, W' }, numFeatures, options)
  }
}

/** {@link BatchNorm1d} over `(N, C, D, H, W)`. */
export class BatchNorm3d extends BatchNorm {
  constructor(numFeatures: number, options: RunningNormOptions = {}) {
    super('nn.BatchNorm3d', { 5: ', D, H, W' }, numFeatures, options)
  }
}
