// Generated from src/nn/rms-norm.ts by `npm run api`. Do not edit.

import type { Tensor } from '../tensor/tensor.js'
import { Module } from './module.js'
import type { PlacementOptions } from '../runtime/options.js'
/** Options of {@link RMSNorm}. */
export interface RMSNormOptions extends PlacementOptions {
  /** Added to the mean square, to avoid division by 0. @minimum 0 @default 1e-6 */
  eps?: number
  /** Learn a scale for each element. @default true */
  elementwiseAffine?: boolean
  /** Use this tensor as the weight. @default a fresh one */
  weight?: Tensor
}
/**
 * Root mean square normalization: `y = x / √(mean(x²) + eps) · weight` (Zhang and Sennrich 2019). No mean is subtracted and no bias added.
 *
 * Shapes: `x (..., *normalizedShape)` → the same; `weight` `normalizedShape`. Init: weight 1; f32 in a bf16 or f16 model.
 */
export declare class RMSNorm extends Module {
  readonly normalizedShape: readonly number[]
  readonly eps: number
  weight: Tensor | null
  constructor(normalizedShape: number | readonly number[], options?: RMSNormOptions)
  forward(x: Tensor): Tensor
  extraRepr(): string
}
