// Generated from src/nn/functional/linear.ts by `npm run api`. Do not edit.

import type { Tensor } from '../../tensor/tensor.js'
/**
 * `y = x Wᵀ + bias`.
 *
 * Shapes: `x (..., K)`, `weight (N, K)`, `bias (N)` → `(..., N)`. A bf16 or f16 weight is converted as it is read; `y` is then f32.
 * @throws {ShapeError} when the last dimension of `x` is not K.
 */
export declare function linear(x: Tensor, weight: Tensor, bias?: Tensor | null): Tensor
/**
 * Looks up the rows `ids` of `weight`.
 *
 * Shapes: `ids (...)` i64, `weight (num, D)` → `(..., D)`.
 */
export declare function embedding(ids: Tensor, weight: Tensor, options?: EmbeddingOptions): Tensor
/** Options of {@link embedding}. */
export interface EmbeddingOptions {
  /** Index of the padding row: it gets no gradient, and is 0 in a new embedding. A negative index counts from the end. @integer @default none */
  paddingIdx?: number | null
  /** Divide the gradient of a row by the number of times its id occurs in the batch. @default false */
  scaleGradByFreq?: boolean
}
