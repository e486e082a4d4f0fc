// Dense products and rows of tables. Shapes are checked by the engine, which names the module that called.
import * as ops from '../../generated/ops.js'
import { checkOptions } from '../../runtime/check-options.js'
import * as schemas from '../../generated/options.js'
import { resolvePadding } from '../../runtime/options.js'
import type { Tensor } from '../../tensor/tensor.js'

/**
 * `y = x Wᵀ + bias`.
 *
 * Shapes: `x (..., K)`, `weight (N, K)`, `bias (N)` → `(..., N)`. A bf16 or f16 weight is widened as it is read; `y` is then f32.
 * @throws {ShapeError} when the last dimension of `x` is not K.
 */
export function linear(x: Tensor, weight: Tensor, bias: Tensor | null = null): Tensor {
  return ops.linear(x, weight, bias, 0)
}

/**
 * Rows of `weight` at `ids`.
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
  /** The row of the padding: it gets no gradient, and starts at 0 in a new table. Negative counts from the end. @integer @default none */
  paddingIdx?: number | null
  /** Divide the gradient of a row by how often the batch uses it. @default false */
  scaleGradByFreq?: boolean
}
