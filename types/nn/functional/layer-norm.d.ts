// Generated from src/nn/functional/layer-norm.ts by `npm run api`. Do not edit.

import type { Tensor } from '../../tensor/tensor.js'
/**
 * `y = (x − mean) / √(var + eps) · weight + bias`, with mean and variance (1/n) over the last dimensions, those of `normalizedShape`.
 *
 * Shapes: `x (..., *normalizedShape)`, `weight` and `bias` `normalizedShape`.
 */
export declare function layerNorm(
  x: Tensor,
  normalizedShape: number | readonly number[],
  weight?: Tensor | null,
  bias?: Tensor | null,
  eps?: number,
): Tensor
/**
 * `y = x / √(mean(x²) + eps) · weight`, with the mean over the last dimensions, those of `normalizedShape` (Zhang and Sennrich 2019).
 */
export declare function rmsNorm(
  x: Tensor,
  normalizedShape: number | readonly number[],
  weight?: Tensor | null,
  eps?: number,
): Tensor
