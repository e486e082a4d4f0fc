// Generated from src/nn/layer-norm.ts by `npm run api`. Do not edit.

import type { Tensor } from '../tensor/tensor.js'
import { Module } from './module.js'
import type { PlacementOptions } from '../runtime/options.js'
/** Options of {@link LayerNorm}. */
export interface LayerNormOptions extends PlacementOptions {
  /** Added to the variance, to avoid division by 0. @minimum 0 @default 1e-5 */
  eps?: number
  /** Learn a scale and a shift for each element. @default true */
  elementwiseAffine?: boolean
  /** Learn the shift; applies only with `elementwiseAffine`. A given tensor is used as the bias. @default true */
  bias?: boolean | Tensor
  /** Use this tensor as the weight. @default a fresh one */
  weight?: Tensor
}
/**
 * Layer normalization: `y = (x − mean) / √(var + eps) · weight + bias` (Ba et al. 2016).
 *
 * Shapes: `x (..., *normalizedShape)` → the same; `weight` and `bias` `normalizedShape`. Mean and variance (1/n) over those dimensions.
 * Init: weight 1, bias 0. Both are f32 in a bf16 or f16 model, f64 in an f64 one.
 *
 * @example
 * const norm = new nn.LayerNorm(768, { eps: 1e-5 })
 * @throws {ShapeError} when the last dimensions of `x` are not `normalizedShape`.
 */
export declare class LayerNorm extends Module {
  readonly normalizedShape: readonly number[]
  readonly eps: number
  weight: Tensor | null
  bias: Tensor | null
  constructor(normalizedShape: number | readonly number[], options?: LayerNormOptions)
  forward(x: Tensor): Tensor
  extraRepr(): string
}
