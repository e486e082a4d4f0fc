// Many numbers to few, beyond one op; the methods of Tensor say what each function computes.
import * as ops from '../generated/ops.js'
import { schemas } from '../runtime/tables.js'
import { dimList } from '../native/arguments.js'
import { checkOptions } from '../runtime/check-options.js'
import { dimension } from './dims.js'
import { cumulativeProduct, productAlong } from './product.js'
import type { Tensor } from './tensor.js'

/** Dimensions of a reduction; null means all. */
export type Dims = number | readonly number[] | null | undefined

/** Options of {@link Tensor.var} and {@link Tensor.std}. */
export interface VarianceOptions {
  /** What the number of elements is lowered by: 1 gives the unbiased estimate, 0 the variance of the numbers themselves. @default 1 */
  correction?: number
  /** Keep the reduced dimensions, with size 1. @default false */
  keepdim?: boolean
}

export function variance(x: Tensor, dims: Dims, options: VarianceOptions): Tensor {
  checkOptions('var', options, schemas.VarianceOptions)
  return ops.variance(x, dimList(dims), options.correction ?? 1, options.keepdim ?? false)
}

export function argmax(x: Tensor, dim: number | null | undefined, keepdim: boolean): Tensor {
  return dim === undefined || dim === null ? ops.argmax(x.reshape(-1), 0, false) : ops.argmax(x, dim, keepdim)
}

export function argmin(x: Tensor, dim: number | null | undefined, keepdim: boolean): Tensor {
  return dim === undefined || dim === null ? ops.argmin(x.reshape(-1), 0, false) : ops.argmin(x, dim, keepdim)
}

export function any(x: Tensor, dims: Dims, keepdim: boolean): Tensor {
  return x.ne(0).sum(dims, keepdim).gt(0)
}

export function all(x: Tensor, dims: Dims, keepdim: boolean): Tensor {
  return x.eq(0).sum(dims, keepdim).eq(0)
}

export function prod(x: Tensor, dim: number | null | undefined, keepdim: boolean): Tensor {
  if (dim === undefined || dim === null) return productAlong(x.reshape(-1), 0, false)
  return productAlong(x, dimension(x, dim), keepdim)
}

export function cumprod(x: Tensor, dim: number): Tensor {
  return cumulativeProduct(x, dimension(x, dim))
}
