// Generated from src/nn/running-norm.ts by `npm run api`. Do not edit.

import type { Tensor } from '../tensor/tensor.js'
import { Module } from './module.js'
import type { OwnTensor } from './module.js'
import type { PlacementOptions } from '../runtime/options.js'
/** Options of batch and instance norms. */
export interface RunningNormOptions extends PlacementOptions {
  /** Added to the variance, against division by 0. @minimum 0 @default 1e-5 */
  eps?: number
  /** Share of the new batch in the running statistics; null averages over all batches evenly. @minimum 0 @default 0.1 */
  momentum?: number | null
  /** Learn a factor and a shift for each channel. @default true (batch norm), false (instance norm) */
  affine?: boolean
  /** Keep running statistics for evaluation. @default true (batch norm), false (instance norm) */
  trackRunningStats?: boolean
}
/** What batch and instance norms share: a factor and a shift a channel, and running statistics as buffers. */
export declare abstract class RunningNorm extends Module {
  protected readonly owner: string
  readonly numFeatures: number
  readonly eps: number
  readonly momentum: number | null
  /** (numFeatures), starts at 1; null when not `affine`. */
  weight: Tensor | null
  /** (numFeatures), starts at 0; null when not `affine`. */
  bias: Tensor | null
  /** `running_mean` in the state dict, starts at 0; null without `trackRunningStats`. */
  runningMean: Tensor | null
  /** `running_var` in the state dict, starts at 1. */
  runningVar: Tensor | null
  /** `num_batches_tracked` in the state dict, i64: training batches seen. */
  numBatchesTracked: Tensor | null
  constructor(owner: string, numFeatures: number, options: RunningNormOptions, byDefault: boolean)
  /** Running statistics as they were at the start. */
  resetRunningStats(): void
  /** Parameters and buffers under PyTorch's state-dict keys. */
  ownTensors(): Iterable<OwnTensor>
  /** Checkpoints from before PyTorch 0.4.1, torchvision's among them, hold no count. */
  optionalKeys(): readonly string[]
  /** Puts a tensor in the place of an own one, by its state-dict key. */
  setOwnTensor(key: string, tensor: Tensor): void
  extraRepr(): string
}
