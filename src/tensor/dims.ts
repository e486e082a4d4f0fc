// Dimensions as users name them: from the front, or from the end when negative.
import { IndexError, OptionError } from '../errors.js'
import type { Tensor } from './tensor.js'

/** A dimension of a tensor, counted from the front; a scalar has the one dimension 0 in name only. */
export function dimension(x: Tensor, dim: number): number {
  const at = dim < 0 ? dim + Math.max(1, x.ndim) : dim
  if (!Number.isInteger(at) || at < 0 || at >= Math.max(1, x.ndim)) throw noDimension(dim, x.ndim)
  return at
}

/** Dimensions counted from the front, none twice. */
export function distinct(op: string, x: Tensor, dims: readonly number[]): number[] {
  const all = dims.map((dim) => dimension(x, dim))
  if (x.ndim > 0 && new Set(all).size === all.length) return all
  throw new OptionError({
    what: `${op}: a dimension is named twice, or there is none`,
    expected: `different dimensions of (${x.shape.join(', ')})`,
    received: `[${dims.join(', ')}]`,
    fix: 'name each dimension once',
  })
}

/** The error for a dimension that a tensor of this rank does not have. */
export function noDimension(dim: number, rank: number): IndexError {
  return new IndexError({
    what: 'no such dimension',
    expected: `an integer from ${-Math.max(1, rank)} to ${Math.max(1, rank) - 1}`,
    received: String(dim),
    fix: 'dimensions count from 0, and from -1 at the end; look at t.shape',
  })
}

/** The product of sizes. */
export function product(sizes: readonly number[]): number {
  return sizes.reduce((n, d) => n * d, 1)
}
