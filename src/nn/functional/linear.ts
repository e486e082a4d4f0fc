// Linear layers and embedding lookup. Shapes are checked by the engine, whose errors name the calling module.
import * as ops from '../../generated/ops.js'
import { checkOptions } from '../../runtime/check-options.js'
import { resolvePadding } from '../../runtime/options.js'
import { schemas } from '../../runtime/tables.js'
import type { Tensor } from '../../tensor/tensor.js'

/**
 * `y = x Wᵀ + bias`.
 *
 * Shapes: `x (..., K)`, `weight (N, K)`, `bias (N)` → `(..., N)`. A bf16 or f16 weight is converted as it is read; `y` is then f32.
 * @throws {ShapeError} when the last dimension of `x` is not K.
 */
export function linear(x: Tensor, weight: Tensor, bias: Tensor | null = null): Tensor {
  return ops.linear(x, weight, bias, 0)
}

/**
 * Looks up the rows `ids` of `weight`.
 *
 * Shapes: `ids (...)` i64, `weight (num, D)` → `(..., D)`.
 */
export function embedding(ids: Tensor, weight: Tensor, options: EmbeddingOptions = {}): Tensor {
  checkOptions('nn.functional.embedding', options, schemas.EmbeddingOptions)
  const rows = weight.shape[0] ?? 0
  const padding = resolvePadding('nn.functional.embedding', options.paddingIdx, rows)
  return ops.embedding(weight, ids, padding, options.scaleGradByFreq ?? false)
}

/** Options of {@link embedding}. */
export interface EmbeddingOptions {
  /** Index of the padding row: it gets no gradient, and is 0 in a new embedding. A negative index counts from the end. @integer @default none */
  paddingIdx?: number | null
  /** Divide the gradient of a row by the number of times its id occurs in the batch. @default false */
  scaleGradByFreq?: boolean
}
