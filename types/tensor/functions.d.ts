// Generated from src/tensor/functions.ts by `npm run api`. Do not edit.

import type { AllcloseOptions } from './dynamic.js'
import type { MakeOptions } from './make.js'
import type { MultinomialOptions } from './ordering.js'
import type { Tensor } from './tensor.js'
/** `count` evenly spaced numbers from `start` to `end`, both included. */
export declare function linspace(start: number, end: number, count: number, options?: MakeOptions): Tensor
/** The identity matrix, or a matrix with ones on the main diagonal if it is not square. */
export declare function eye(rows: number, columns?: number, options?: MakeOptions): Tensor
/** Zeros, with the shape and dtype of `x`. */
export declare function zerosLike(x: Tensor, options?: MakeOptions): Tensor
/** Ones, with the shape and dtype of `x`. */
export declare function onesLike(x: Tensor, options?: MakeOptions): Tensor
/**
 * Filled with `value`, with the shape and dtype of `x`.
 * @nan value
 */
export declare function fullLike(x: Tensor, value: number, options?: MakeOptions): Tensor
/**
 * Coordinates of a grid: for vectors of lengths n, m, …, one tensor of shape (n, m, …) each. `'xy'` swaps the first two dimensions.
 * @throws {ShapeError} when an input is not a vector.
 */
export declare function meshgrid(
  vectors: readonly Tensor[],
  {
    indexing,
  }?: {
    indexing?: 'ij' | 'xy'
  },
): Tensor[]
/** {@link Tensor.multinomial} as a function. */
export declare function multinomial(weights: Tensor, count: number, options?: MultinomialOptions): Tensor
/** {@link Tensor.equal} as a function. */
export declare function equal(a: Tensor, b: Tensor): Promise<boolean>
/** {@link Tensor.allclose} as a function. */
export declare function allclose(a: Tensor, b: Tensor, options?: AllcloseOptions): Promise<boolean>
