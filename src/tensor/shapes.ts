// Other shapes and pieces of the same numbers; the methods of Tensor say what each function computes.
import { IndexError, OptionError, ShapeError } from '../errors.js'
import * as ops from '../generated/ops.js'
import { dimension, noDimension, product } from './dims.js'
import type { Tensor } from './tensor.js'

export function flatten(x: Tensor, start: number, end: number): Tensor {
  if (x.ndim === 0) return x.reshape(1)
  const [first, last] = [dimension(x, start), dimension(x, end)]
  const middle = product(x.shape.slice(first, last + 1))
  return x.reshape([...x.shape.slice(0, first), middle, ...x.shape.slice(last + 1)])
}

export function unsqueeze(x: Tensor, dim: number): Tensor {
  const at = dim < 0 ? dim + x.ndim + 1 : dim
  if (!Number.isInteger(at) || at < 0 || at > x.ndim) throw noDimension(dim, x.ndim + 1)
  return x.reshape([...x.shape.slice(0, at), 1, ...x.shape.slice(at)])
}

export function squeeze(x: Tensor, dim: number | undefined): Tensor {
  if (dim === undefined) return x.reshape(x.shape.filter((d) => d !== 1))
  const at = dimension(x, dim)
  return x.shape[at] === 1 ? x.reshape([...x.shape.slice(0, at), ...x.shape.slice(at + 1)]) : x
}

export function transpose(x: Tensor, a: number, b: number): Tensor {
  const dims = x.shape.map((_, i) => i)
  const [first, second] = [dimension(x, a), dimension(x, b)]
  if (first === second) return x
  ;[dims[first], dims[second]] = [second, first]
  return ops.permute(x, dims)
}

export function t(x: Tensor): Tensor {
  if (x.ndim > 2) {
    throw new ShapeError({
      what: 't: only matrices have a transpose',
      expected: 'at most 2 dimensions',
      received: `shape (${x.shape.join(', ')})`,
      fix: 'use transpose(a, b)',
    })
  }
  return x.ndim < 2 ? x : transpose(x, 0, 1)
}

export function narrow(x: Tensor, dim: number, start: number, length: number): Tensor {
  const size = x.shape[dimension(x, dim)]!
  const from = start < 0 ? start + size : start
  if (from < 0 || length < 0 || from + length > size) {
    throw new IndexError({
      what: 'narrow leaves the tensor',
      expected: `a range within 0 to ${size} of dimension ${dim}`,
      received: `start ${start}, length ${length}`,
      fix: 'start and length must stay inside; at([start, stop]) cuts what is outside',
    })
  }
  return ops.slice(x, dim, from, from + length, 1)
}

export function split(x: Tensor, sizes: number | readonly number[], dim: number): Tensor[] {
  const total = x.shape[dimension(x, dim)]!
  const whole = (size: number): boolean => Number.isInteger(size) && size >= 0
  const list =
    typeof sizes === 'number'
      ? Array.from({ length: sizes >= 1 ? Math.ceil(total / sizes) : 0 }, (_, i) => Math.min(sizes, total - i * sizes))
      : sizes
  if (x.ndim === 0 || !list.every(whole) || list.reduce((n, d) => n + d, 0) !== total) {
    throw new ShapeError({
      what: 'split: the sizes do not add up',
      expected: x.ndim === 0 ? 'a tensor with at least one dimension' : `sizes of 0 or more with a sum of ${total}`,
      received: typeof sizes === 'number' ? String(sizes) : `[${sizes.join(', ')}]`,
      fix: 'give one size for equal pieces, or sizes that add up; chunk(n) makes n pieces',
    })
  }
  let start = 0
  return list.map((size) => {
    start += size
    return ops.slice(x, dim, start - size, start, 1)
  })
}

export function chunk(x: Tensor, count: number, dim: number): Tensor[] {
  if (!Number.isInteger(count) || count < 1) {
    throw new OptionError({
      what: 'chunk: the count is not usable',
      expected: 'an integer, 1 or more',
      received: String(count),
      fix: 'pass how many pieces to make',
    })
  }
  return split(x, Math.max(1, Math.ceil(x.shape[dimension(x, dim)]! / count)), dim)
}

export function unbind(x: Tensor, dim: number): Tensor[] {
  return split(x, 1, dim).map((piece) => piece.squeeze(dim))
}
