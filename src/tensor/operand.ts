// The lowest part of a tensor. Nothing in this folder may import tensor.ts, or a module that does: the classes here must exist before Tensor.
import { IndexError } from '../errors.js'
import * as ops from '../generated/ops.js'
import type { Tensor } from './tensor.js'
import type { Dtype } from './dtype.js'

/** What an operation can be recorded on: a tensor as the engine knows it. */
export abstract class Operand {
  /** Sizes of the dimensions, outermost first. */
  abstract readonly shape: readonly number[]
  /** Element type. */
  abstract readonly dtype: Dtype
  /** @internal Number of the tensor in the engine. */
  abstract readonly id: number

  /** Number of dimensions. */
  get ndim(): number {
    return this.shape.length
  }

  /** Number of elements. */
  get numel(): number {
    return this.shape.reduce((n, d) => n * d, 1)
  }

  /** Size of one dimension, or all sizes. */
  size(): readonly number[]
  size(dim: number): number
  size(dim?: number): number | readonly number[] {
    return dim === undefined ? this.shape : this.shape[this.dimension(dim)]!
  }

  /** @internal Itself, under the type that users see. */
  protected self(): Tensor {
    return this as unknown as Tensor
  }

  /** @internal A number as a scalar of this dtype. */
  protected like(other: Tensor | number): Tensor {
    return typeof other === 'number' ? ops.full([], other, this.dtype) : other
  }

  /** @internal The place of a dimension, counted from the front. */
  protected dimension(dim: number): number {
    const at = dim < 0 ? dim + Math.max(1, this.ndim) : dim
    if (!Number.isInteger(at) || at < 0 || at >= Math.max(1, this.ndim)) throw noDimension(dim, this.ndim)
    return at
  }
}

/** The error for a dimension that a tensor of this rank has not. */
export function noDimension(dim: number, rank: number): IndexError {
  return new IndexError({
    what: 'no such dimension',
    expected: `an integer from ${-Math.max(1, rank)} to ${Math.max(1, rank) - 1}`,
    received: String(dim),
    fix: 'dimensions count from 0, and from -1 at the end; look at t.shape',
  })
}

/** Sizes given one by one or as an array. */
export function flat(sizes: number[] | [readonly number[]]): readonly number[] {
  return Array.isArray(sizes[0]) ? sizes[0] : (sizes as number[])
}

/** Dimensions as a list; none given means all, which is the empty list. */
export function list(dims: number | readonly number[] | null | undefined): readonly number[] {
  if (dims === null || dims === undefined) return []
  return typeof dims === 'number' ? [dims] : dims
}
