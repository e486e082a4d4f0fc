import * as ops from '../generated/ops.js'
import type { Tensor } from './tensor.js'
import { Dynamic } from './dynamic.js'
import { vectorNorm } from './norm.js'
import { list } from './operand.js'
import { cumulativeProduct, product } from './product.js'

/** Many numbers to few, along dimensions. */
export abstract class Reductions extends Dynamic {
  sum(dims?: number | readonly number[] | null, keepdim = false): Tensor {
    return ops.sum(this, list(dims), keepdim)
  }

  mean(dims?: number | readonly number[] | null, keepdim = false): Tensor {
    return ops.mean(this, list(dims), keepdim)
  }

  var(dims?: number | readonly number[] | null, options: { correction?: number; keepdim?: boolean } = {}): Tensor {
    return ops.variance(this, list(dims), options.correction ?? 1, options.keepdim ?? false)
  }

  std(dims?: number | readonly number[] | null, options: { correction?: number; keepdim?: boolean } = {}): Tensor {
    return this.var(dims, options).sqrt()
  }

  /** Largest over dimensions, or over all. */
  max(dims?: number | readonly number[] | null, keepdim = false): Tensor {
    return ops.amax(this, list(dims), keepdim)
  }

  min(dims?: number | readonly number[] | null, keepdim = false): Tensor {
    return ops.amin(this, list(dims), keepdim)
  }

  amax(dims?: number | readonly number[] | null, keepdim = false): Tensor {
    return this.max(dims, keepdim)
  }

  amin(dims?: number | readonly number[] | null, keepdim = false): Tensor {
    return this.min(dims, keepdim)
  }

  /** Place of the largest along a dimension, or in the flattened tensor. */
  argmax(dim?: number | null, keepdim = false): Tensor {
    return dim === undefined || dim === null ? ops.argmax(this.reshape(-1), 0, false) : ops.argmax(this, dim, keepdim)
  }

  argmin(dim?: number | null, keepdim = false): Tensor {
    return dim === undefined || dim === null ? ops.argmin(this.reshape(-1), 0, false) : ops.argmin(this, dim, keepdim)
  }

  logsumexp(dims: number | readonly number[], keepdim = false): Tensor {
    return ops.logsumexp(this, list(dims), keepdim)
  }

  softmax(dim: number): Tensor {
    return ops.softmax(this, dim)
  }

  logSoftmax(dim: number): Tensor {
    return ops.logSoftmax(this, dim)
  }

  /** Whether an element is not 0, over dimensions or over all. */
  any(dims?: number | readonly number[] | null, keepdim = false): Tensor {
    return ops.sum(this.ne(0), list(dims), keepdim).gt(0)
  }

  /** Whether no element is 0, over dimensions or over all. */
  all(dims?: number | readonly number[] | null, keepdim = false): Tensor {
    return ops.sum(this.eq(0), list(dims), keepdim).eq(0)
  }

  /** Product along a dimension, or of all numbers; of integers and truth values it is i64. */
  prod(dim?: number | null, keepdim = false): Tensor {
    if (dim === undefined || dim === null) return product(this.reshape(-1), 0, false)
    return product(this.self(), this.dimension(dim), keepdim)
  }

  /**
   * `(Σ |x|^p)^(1/p)` over dimensions or over all: `'fro'` is 2, `Infinity` the largest, `-Infinity` the smallest magnitude, 0 the number of
   * elements that are not 0. The gradient is 0 where all that is summed is 0.
   * @throws {OptionError} for another `p`; {@link DtypeError} for integers.
   */
  norm(p: number | 'fro' = 'fro', dims?: number | readonly number[] | null, keepdim = false): Tensor {
    return vectorNorm(this.self(), p, list(dims), keepdim)
  }

  /** Running sum along a dimension; of integers and truth values it is i64. */
  cumsum(dim: number): Tensor {
    return ops.cumsum(this, dim, false)
  }

  /** Running product along a dimension; of integers and truth values it is i64. */
  cumprod(dim: number): Tensor {
    return cumulativeProduct(this.self(), this.dimension(dim))
  }
}
