// Order along a dimension, where NaN is larger than every number; the methods of Tensor say what each function computes.
import { OptionError, ShapeError } from '../errors.js'
import * as ops from '../generated/ops.js'
import { checkOptions } from '../runtime/check-options.js'
import { withGenerator } from '../runtime/random.js'
import type { Generator } from '../runtime/random.js'
import { schemas } from '../runtime/tables.js'
import { dimension } from './dims.js'
import type { Tensor } from './tensor.js'

/** Options of {@link Tensor.sort}. */
export interface SortOptions {
  /** From large to small. @default false */
  descending?: boolean
  /** Equal values keep their order; they always do. @default true */
  stable?: boolean
}

/** Options of {@link Tensor.topk}. */
export interface TopkOptions {
  /** The largest, or the smallest. @default true */
  largest?: boolean
  /** In order; they always are. @default true */
  sorted?: boolean
}

/** Options of {@link Tensor.multinomial}. */
export interface MultinomialOptions {
  /** A category may be drawn again. @default false */
  replacement?: boolean
  /** Where the random numbers come from. @default the generator of the current stream */
  generator?: Generator
}

/** Values, and the indices along the dimension that they came from. */
export type ValuesAndIndices = [values: Tensor, indices: Tensor]

export function sort(x: Tensor, dim: number, options: SortOptions): ValuesAndIndices {
  checkOptions('sort', options, schemas.SortOptions)
  return ordered(x, dim, -1, options.descending ?? false)
}

export function topk(x: Tensor, k: number, dim: number, options: TopkOptions): ValuesAndIndices {
  checkOptions('topk', options, schemas.TopkOptions)
  checkRank(x, 'topk: k', k, dim, 0)
  return ordered(x, dim, k, options.largest ?? true)
}

export function kthvalue(x: Tensor, k: number, dim: number, keepdim: boolean): ValuesAndIndices {
  checkRank(x, 'kthvalue: k', k, dim, 1)
  return last(x, ordered(x, dim, k, false), k, dim, keepdim)
}

export function median(x: Tensor, dim: number, keepdim: boolean): ValuesAndIndices {
  const n = checkRank(x, 'median: the dimension', 1, dim, 1)
  const [values, indices] = kthvalue(x, (n + 1) >> 1, dim, keepdim)
  // NaN is the largest, so it comes first among the largest.
  const [top, topIndices] = last(x, ordered(x, dim, 1, true), 1, dim, keepdim)
  const nan = top.isnan()
  return [ops.where_(nan, top, values), ops.where_(nan, topIndices, indices)]
}

export function multinomial(x: Tensor, count: number, options: MultinomialOptions): Tensor {
  checkOptions('multinomial', options, schemas.MultinomialOptions)
  return withGenerator(options.generator, () => ops.multinomial(x, count, options.replacement ?? false))
}

/** The engine sorts rows: the dimension goes to the end and back. */
function ordered(x: Tensor, dim: number, k: number, descending: boolean): ValuesAndIndices {
  const [at, end] = [dimension(x, dim), Math.max(0, x.ndim - 1)]
  if (x.ndim === 0) {
    const [value, index] = ops.sort(x.reshape(1), k, descending)
    return k === 0 ? [value, index] : [value.reshape([]), index.reshape([])]
  }
  const [values, indices] = ops.sort(x.transpose(at, end), k, descending)
  return [values.transpose(at, end), indices.transpose(at, end)]
}

/** The last of `k` values in order, and its index. */
function last(
  x: Tensor,
  [values, indices]: ValuesAndIndices,
  k: number,
  dim: number,
  keepdim: boolean,
): ValuesAndIndices {
  if (x.ndim === 0) return [values, indices]
  const pick = (y: Tensor): Tensor => (keepdim ? y.narrow(dim, k - 1, 1) : y.narrow(dim, k - 1, 1).squeeze(dim))
  return [pick(values), pick(indices)]
}

/** Refuses a rank that the dimension does not have; returns the size of the dimension. */
function checkRank(x: Tensor, what: string, k: number, dim: number, least: number): number {
  const size = x.shape[dimension(x, dim)] ?? 1
  if (size === 0 && least > 0) {
    throw new ShapeError({
      what: `${what} has no values`,
      expected: 'at least one value',
      received: 'size 0',
      fix: 'check numel before the call',
    })
  }
  if (Number.isInteger(k) && k >= least && k <= size) return size
  throw new OptionError({
    what: `${what} is not usable`,
    expected: `a whole number from ${least} to ${size}, the size of dimension ${dim}`,
    received: String(k),
    fix: 'take no more values than the dimension has',
  })
}
