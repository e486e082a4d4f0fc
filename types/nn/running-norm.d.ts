// Generated from src/nn/running-norm.ts by `npm run api`. Do not edit.

import type { Tensor } from '../tensor/tensor.js'
import { Module } from './module.js'
import type { OwnTensor } from './module.js'
import type { PlacementOptions } from '../runtime/options.js'
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
export declare abstract class RunningNorm extends Module {
  protected readonly owner: string
  readonly numFeatures: number
  readonly eps: number
  readonly momentum: number | null
  /** Scale (numFeatures), initially 1; null when not `affine`. */
  weight: Tensor | null
  /** Shift (numFeatures), initially 0; null when not `affine`. */
  bias: Tensor | null
  /** `running_mean` in the state dict, initially 0; null without `trackRunningStats`. */
  runningMean: Tensor | null
  /** `running_var` in the state dict, initially 1; null without `trackRunningStats`. */
  runningVar: Tensor | null
  /** `num_batches_tracked` in the state dict, i64: the number of training batches so far. */
  numBatchesTracked: Tensor | null
  constructor(owner: string, numFeatures: number, options: RunningNormOptions, byDefault: boolean)
  /** Resets the running statistics to their initial values. */
  resetRunningStats(): void
  /** Parameters and buffers under PyTorch's state-dict keys. */
  ownTensors(): Iterable<OwnTensor>
  /** Checkpoints from before PyTorch 0.4.1, torchvision's among them, have no batch count. */
  optionalKeys(): readonly string[]
  /** Replaces an own tensor, by its state-dict key. */
  setOwnTensor(key: string, tensor: Tensor): void
  extraRepr(): string
}
