import { IndexError, OptionError, ShapeError } from '../errors.js'
import * as ops from '../generated/ops.js'
import type { Tensor } from './tensor.js'
import { InPlace } from './in-place.js'
import { flat, noDimension } from './operand.js'

/** The same numbers under other shapes, in other orders, and in pieces. */
export abstract class Shapes extends InPlace {
  /** The same numbers under another shape, shared; one size may be -1. */
  reshape(...shape: number[] | [readonly number[]]): Tensor {
    return ops.reshape(this, flat(shape))
  }

  /** As {@link reshape}: every tensor is contiguous. */
  view(...shape: number[] | [readonly number[]]): Tensor {
    return this.reshape(...(shape as number[]))
  }

  flatten(start = 0, end = -1): Tensor {
    if (this.ndim === 0) return this.reshape(1)
    const [first, last] = [this.dimension(start), this.dimension(end)]
    const middle = this.shape.slice(first, last + 1).reduce((n, d) => n * d, 1)
    return this.reshape([...this.shape.slice(0, first), middle, ...this.shape.slice(last + 1)])
  }

  unsqueeze(dim: number): Tensor {
    const at = dim < 0 ? dim + this.ndim + 1 : dim
    if (!Number.isInteger(at) || at < 0 || at > this.ndim) throw noDimension(dim, this.ndim + 1)
    return this.reshape([...this.shape.slice(0, at), 1, ...this.shape.slice(at)])
  }

  /** Without a dimension of size 1, or without all of them. */
  squeeze(dim?: number): Tensor {
    if (dim === undefined) return this.reshape(this.shape.filter((d) => d !== 1))
    const at = this.dimension(dim)
    return this.shape[at] === 1 ? this.reshape([...this.shape.slice(0, at), ...this.shape.slice(at + 1)]) : this.self()
  }

  /** Repeats dimensions of size 1; -1 keeps a size. */
  expand(...shape: number[] | [readonly number[]]): Tensor {
    return ops.expand(this, flat(shape))
  }

  permute(...dims: number[] | [readonly number[]]): Tensor {
    return ops.permute(this, flat(dims))
  }

  transpose(a: number, b: number): Tensor {
    const dims = this.shape.map((_, i) => i)
    const [x, y] = [this.dimension(a), this.dimension(b)]
    if (x === y) return this.self()
    ;[dims[x], dims[y]] = [y, x]
    return ops.permute(this, dims)
  }

  /** The transposed matrix. */
  t(): Tensor {
    if (this.ndim > 2) {
      throw new ShapeError({
        what: 't: only matrices have a transpose',
        expected: 'at most 2 dimensions',
        received: `shape (${this.shape.join(', ')})`,
        fix: 'use transpose(a, b)',
      })
    }
    return this.ndim < 2 ? this.self() : this.transpose(0, 1)
  }

  /** `length` places from `start` along a dimension. */
  narrow(dim: number, start: number, length: number): Tensor {
    const size = this.shape[this.dimension(dim)]!
    const from = start < 0 ? start + size : start
    if (from < 0 || length < 0 || from + length > size) {
      throw new IndexError({
        what: 'narrow leaves the tensor',
        expected: `places 0 to ${size} of dimension ${dim}`,
        received: `start ${start}, length ${length}`,
        fix: 'start and length must stay inside; at([start, stop]) cuts what is outside',
      })
    }
    return ops.slice(this, dim, from, from + length, 1)
  }

  /** Pieces of the given sizes, or of one size. */
  split(sizes: number | readonly number[], dim = 0): Tensor[] {
    const total = this.shape[this.dimension(dim)]!
    const whole = (size: number): boolean => Number.isInteger(size) && size >= 0
    const list =
      typeof sizes === 'number'
        ? Array.from({ length: sizes >= 1 ? Math.ceil(total / sizes) : 0 }, (_, i) =>
            Math.min(sizes, total - i * sizes),
          )
        : sizes
    if (this.ndim === 0 || !list.every(whole) || list.reduce((n, d) => n + d, 0) !== total) {
      throw new ShapeError({
        what: 'split: the sizes do not add up',
        expected:
          this.ndim === 0 ? 'a tensor with at least one dimension' : `sizes of 0 or more with a sum of ${total}`,
        received: typeof sizes === 'number' ? String(sizes) : `[${sizes.join(', ')}]`,
        fix: 'give one size for equal pieces, or sizes that add up; chunk(n) makes n pieces',
      })
    }
    let start = 0
    return list.map((size) => {
      start += size
      return ops.slice(this, dim, start - size, start, 1)
    })
  }

  /** `count` pieces of nearly equal size. */
  chunk(count: number, dim = 0): Tensor[] {
    if (!Number.isInteger(count) || count < 1) {
      throw new OptionError({
        what: 'chunk: the count is not usable',
        expected: 'an integer, 1 or more',
        received: String(count),
        fix: 'pass how many pieces to make',
      })
    }
    return this.split(Math.max(1, Math.ceil(this.shape[this.dimension(dim)]! / count)), dim)
  }

  /** Slices along a dimension, without it. */
  unbind(dim = 0): Tensor[] {
    return this.split(1, dim).map((piece) => piece.squeeze(dim))
  }
}
