import { full, ones, zeros } from '../tensor/make.js'
import { noGrad, scope } from '../tensor/scope.js'
import { copyAll } from '../tensor/copy.js'
import type { Tensor } from '../tensor/tensor.js'
import { asParameter, wideDtype } from './linear.js'
import { markAsState } from '../tensor/lasting.js'
import { Module } from './module.js'
import type { OwnTensor } from './module.js'
import { checkOptions } from '../runtime/check-options.js'
import { bad, checkDevice, checkInteger } from '../runtime/options.js'
import type { PlacementOptions } from '../runtime/options.js'
import { schemas } from '../runtime/tables.js'

/** Options of batch and instance norms. */
export interface RunningNormOptions extends PlacementOptions {
  /** Added to the variance, to avoid division by 0. @minimum 0 @default 1e-5 */
  eps?: number
  /** Share of the new batch in the running statistics; with null they are the average of all batches. @minimum 0 @default 0.1 */
  momentum?: number | null
  /** Learn a scale and a shift for each channel. @default true (batch norm), false (instance norm) */
  affine?: boolean
  /** Keep running statistics for evaluation. @default true (batch norm), false (instance norm) */
  trackRunningStats?: boolean
}

/** The base class of batch and instance norms: a scale and a shift per channel, and running statistics as buffers. */
export abstract class RunningNorm extends Module {
  readonly numFeatures: number
  readonly eps: number
  readonly momentum: number | null
  /** Scale (numFeatures), initially 1; null when not `affine`. */
  weight: Tensor | null = null
  /** Shift (numFeatures), initially 0; null when not `affine`. */
  bias: Tensor | null = null
  /** `running_mean` in the state dict, initially 0; null without `trackRunningStats`. */
  runningMean: Tensor | null = null
  /** `running_var` in the state dict, initially 1; null without `trackRunningStats`. */
  runningVar: Tensor | null = null
  /** `num_batches_tracked` in the state dict, i64: the number of training batches so far. */
  numBatchesTracked: Tensor | null = null

  constructor(
    protected readonly owner: string,
    numFeatures: number,
    options: RunningNormOptions,
    byDefault: boolean,
  ) {
    super()
    checkOptions(owner, options, schemas.RunningNormOptions)
    this.numFeatures = checkInteger(owner, 'numFeatures', numFeatures, 1)
    this.eps = options.eps ?? 1e-5
    const { momentum = 0.1 } = options
    this.momentum = momentum
    const dtype = wideDtype(options.dtype ?? 'f32')
    const size = [numFeatures]
    if (options.affine ?? byDefault) {
      this.weight = asParameter(ones(size, { dtype }))
      this.bias = asParameter(zeros(size, { dtype }))
      checkDevice(owner, options.device, this.weight)
    }
    if (!(options.trackRunningStats ?? byDefault)) return
    this.runningMean = markAsState(zeros(size, { dtype }))
    this.runningVar = markAsState(ones(size, { dtype }))
    this.numBatchesTracked = markAsState(full([], 0, { dtype: 'i64' }))
    checkDevice(owner, options.device, this.runningMean)
  }

  /** Resets the running statistics to their initial values. */
  resetRunningStats(): void {
    const { runningMean: mean, runningVar: variance, numBatchesTracked: count } = this
    if (mean === null || variance === null || count === null) return
    noGrad(() =>
      scope(() =>
        copyAll([
          [mean, zeros(mean.shape, { dtype: mean.dtype })],
          [variance, ones(variance.shape, { dtype: variance.dtype })],
          [count, zeros([], { dtype: count.dtype })],
        ]),
      ),
    )
  }

  /** Parameters and buffers under PyTorch's state-dict keys. */
  override *ownTensors(): Iterable<OwnTensor> {
    if (this.weight) yield ['weight', this.weight, 'parameter']
    if (this.bias) yield ['bias', this.bias, 'parameter']
    if (this.runningMean) yield ['running_mean', this.runningMean, 'buffer']
    if (this.runningVar) yield ['running_var', this.runningVar, 'buffer']
    if (this.numBatchesTracked) yield ['num_batches_tracked', this.numBatchesTracked, 'buffer']
  }

  /** Checkpoints from before PyTorch 0.4.1, torchvision's among them, have no batch count. */
  override optionalKeys(): readonly string[] {
    return ['num_batches_tracked']
  }

  /** Replaces an own tensor, by its state-dict key. */
  override setOwnTensor(key: string, tensor: Tensor): void {
    if (key === 'weight') this.weight = tensor
    else if (key === 'bias') this.bias = tensor
    else if (key === 'running_mean') this.runningMean = tensor
    else if (key === 'running_var') this.runningVar = tensor
    else if (key === 'num_batches_tracked') this.numBatchesTracked = tensor
    else throw bad(this.owner, 'key', 'weight, bias, running_mean, running_var or num_batches_tracked', key)
  }

  override extraRepr(): string {
    const { numFeatures, eps, momentum } = this
    const notes = `${this.weight ? '' : ', not affine'}${this.runningMean ? '' : ', no running statistics'}`
    return `${numFeatures}, eps ${eps}, momentum ${momentum ?? 'cumulative'}${notes}`
  }
}
