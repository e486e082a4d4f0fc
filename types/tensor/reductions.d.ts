// Generated from src/tensor/reductions.ts by `npm run api`. Do not edit.

import type { Tensor } from './tensor.js'
import { Dynamic } from './dynamic.js'
/** Many numbers to few, along dimensions. */
export declare abstract class Reductions extends Dynamic {
  sum(dims?: number | readonly number[] | null, keepdim?: boolean): Tensor
  mean(dims?: number | readonly number[] | null, keepdim?: boolean): Tensor
  var(
    dims?: number | readonly number[] | null,
    options?: {
      correction?: number
      keepdim?: boolean
    },
  ): Tensor
  std(
    dims?: number | readonly number[] | null,
    options?: {
      correction?: number
      keepdim?: boolean
    },
  ): Tensor
  /** Largest over dimensions, or over all. */
  max(dims?: number | readonly number[] | null, keepdim?: boolean): Tensor
  min(dims?: number | readonly number[] | null, keepdim?: boolean): Tensor
  amax(dims?: number | readonly number[] | null, keepdim?: boolean): Tensor
  amin(dims?: number | readonly number[] | null, keepdim?: boolean): Tensor
  /** Place of the largest along a dimension, or in the flattened tensor. */
  argmax(dim?: number | null, keepdim?: boolean): Tensor
  argmin(dim?: number | null, keepdim?: boolean): Tensor
  logsumexp(dims: number | readonly number[], keepdim?: boolean): Tensor
  softmax(dim: number): Tensor
  logSoftmax(dim: number): Tensor
  /** Whether an element is not 0, over dimensions or over all. */
  any(dims?: number | readonly number[] | null, keepdim?: boolean): Tensor
  /** Whether no element is 0, over dimensions or over all. */
  all(dims?: number | readonly number[] | null, keepdim?: boolean): Tensor
  /** Product along a dimension, or of all numbers; of integers and truth values it is i64. */
  prod(dim?: number | null, keepdim?: boolean): Tensor
  /**
   * `(Σ |x|^p)^(1/p)` over dimensions or over all: `'fro'` is 2, `Infinity` the largest, `-Infinity` the smallest magnitude, 0 the number of
   * elements that are not 0. The gradient is 0 where all that is summed is 0.
   * @throws {OptionError} for another `p`; {@link DtypeError} for integers.
   */
  norm(p?: number | 'fro', dims?: number | readonly number[] | null, keepdim?: boolean): Tensor
  /** Running sum along a dimension; of integers and truth values it is i64. */
  cumsum(dim: number): Tensor
  /** Running product along a dimension; of integers and truth values it is i64. */
  cumprod(dim: number): Tensor
}
