// Generated from src/nn/group-norm.ts by `npm run api`. Do not edit.

import type { Tensor } from '../tensor/tensor.js'
import { Module } from './module.js'
import type { PlacementOptions } from '../runtime/options.js'
/** Options of {@link GroupNorm}. */
export interface GroupNormOptions extends PlacementOptions {
  /** Added to the variance, to avoid division by 0. @minimum 0 @default 1e-5 */
  eps?: number
  /** Learn a scale and a shift for each channel. @default true */
  affine?: boolean
}
/**
 * Group normalization: `y = (x − mean) / √(var + eps) · weight + bias`, with mean and variance (1/count) over each group of channels of each
 * sample (Wu and He 2018). It does not depend on the batch and has no running statistics.
 *
 * Shapes: `x (N, numChannels, ...)` → the same; `weight` and `bias` `(numChannels)`. Init: weight 1, bias 0.
 *
 * @example
 * const norm = new nn.GroupNorm(8, 32)
 * @throws {OptionError} when `numGroups` does not divide `numChannels`. @throws {ShapeError} when `x` has another number of channels.
 */
export declare class GroupNorm extends Module {
  readonly numGroups: number
  readonly numChannels: number
  readonly eps: number
  weight: Tensor | null
  bias: Tensor | null
  constructor(numGroups: number, numChannels: number, options?: GroupNormOptions)
  forward(x: Tensor): Tensor
  extraRepr(): string
}
