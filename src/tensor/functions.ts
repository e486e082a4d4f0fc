// Functions of tensors that are not methods, and those that PyTorch has both as function and as method.
import { schemas } from '../runtime/tables.js'
import { OptionError, ShapeError } from '../errors.js'
import type { AllcloseOptions } from './dynamic.js'
import { arange, checkMake, full, tensor } from './make.js'
import type { MakeOptions } from './make.js'
import type { MultinomialOptions } from './ordering.js'
import type { Tensor } from './tensor.js'

/** `count` evenly spaced numbers from `start` to `end`, both included. */
export function linspace(start: number, end: number, count: number, options: MakeOptions = {}): Tensor {
  checkMake('linspace', options, schemas.MakeOptions)
  checkCount('linspace: the count', count)
  const step = count > 1 ? (end - start) / (count - 1) : 0
  // Counted from the nearer end, so that both ends are exact.
  const value = (i: number): number => (i < count / 2 ? start + i * step : end - (count - 1 - i) * step)
  return tensor(
    Float64Array.from({ length: count }, (_, i) => value(i)),
    { ...options, dtype: options.dtype ?? 'f32' },
  )
}

/** The identity matrix, or a matrix with ones on the main diagonal if it is not square. */
export function eye(rows: number, columns = rows, options: MakeOptions = {}): Tensor {
  checkMake('eye', options, schemas.MakeOptions)
  checkCount('eye: the number of rows', rows)
  checkCount('eye: the number of columns', columns)
  const same = arange(rows).unsqueeze(1).eq(arange(columns).unsqueeze(0))
  const made = same.to(options.dtype ?? 'f32')
  if (options.requiresGrad) made.requiresGrad = true
  return made
}

/** Zeros, with the shape and dtype of `x`. */
export function zerosLike(x: Tensor, options: MakeOptions = {}): Tensor {
  checkMake('zerosLike', options, schemas.MakeOptions)
  return full(x.shape, 0, { ...options, dtype: options.dtype ?? x.dtype })
}

/** Ones, with the shape and dtype of `x`. */
export function onesLike(x: Tensor, options: MakeOptions = {}): Tensor {
  checkMake('onesLike', options, schemas.MakeOptions)
  return full(x.shape, 1, { ...options, dtype: options.dtype ?? x.dtype })
}

/**
 * Filled with `value`, with the shape and dtype of `x`.
 * @nan value
 */
export function fullLike(x: Tensor, value: number, options: MakeOptions = {}): Tensor {
  checkMake('fullLike', options, schemas.MakeOptions)
  return full(x.shape, value, { ...options, dtype: options.dtype ?? x.dtype })
}

/**
 * Coordinates of a grid: for vectors of lengths n, m, …, one tensor of shape (n, m, …) each. `'xy'` swaps the first two dimensions.
 * @throws {ShapeError} when an input is not a vector.
 */
export function meshgrid(vectors: readonly Tensor[], { indexing = 'ij' }: { indexing?: 'ij' | 'xy' } = {}): Tensor[] {
  if (indexing !== 'ij' && indexing !== 'xy') {
    throw new OptionError({
      what: 'meshgrid: unknown indexing',
      expected: "'ij' or 'xy'",
      received: String(indexing),
      fix: "'ij' counts rows first, 'xy' columns first",
    })
  }
  const flat = vectors.map((x) => (x.ndim === 0 ? x.reshape(1) : x))
  const wrong = flat.find((x) => x.ndim > 1)
  if (wrong) {
    throw new ShapeError({
      what: 'meshgrid: an input is not a vector',
      expected: 'vectors',
      received: `shape (${wrong.shape.join(', ')})`,
      fix: 'flatten() it',
    })
  }
  const sizes = flat.map((x) => x.shape[0]!)
  const grids = flat.map((x, i) => x.reshape(sizes.map((_, k) => (k === i ? -1 : 1))).expand(sizes))
  return indexing === 'xy' && grids.length > 1 ? grids.map((grid) => grid.transpose(0, 1)) : grids
}

/** {@link Tensor.multinomial} as a function. */
export function multinomial(weights: Tensor, count: number, options: MultinomialOptions = {}): Tensor {
  return weights.multinomial(count, options)
}

/** {@link Tensor.equal} as a function. */
export function equal(a: Tensor, b: Tensor): Promise<boolean> {
  return a.equal(b)
}

/** {@link Tensor.allclose} as a function. */
export function allclose(a: Tensor, b: Tensor, options: AllcloseOptions = {}): Promise<boolean> {
  return a.allclose(b, options)
}

function checkCount(what: string, count: number): void {
  if (Number.isInteger(count) && count >= 0) return
  throw new OptionError({
    what: `${what} is not usable`,
    expected: 'an integer, 0 or more',
    received: String(count),
    fix: 'pass an integer, such as Math.floor(n)',
  })
}
