// Generated from src/tensor/functions.ts by `npm run api`. Do not edit.

import type { AllcloseOptions } from './dynamic.js'
import type { MakeOptions } from './make.js'
import type { MultinomialOptions } from './ordering.js'
import type { Tensor } from './tensor.js'
/** `count` numbers from `start` to `end`, both included, at equal distances. */
export declare function linspace(start: number, end: number, count: number, options?: MakeOptions): Tensor
/** The identity matrix, or the upper left part of it. */
export declare function eye(rows: number, columns?: number, options?: MakeOptions): Tensor
/** Zeros in the shape and dtype of a tensor. */
export declare function zerosLike(x: Tensor, options?: MakeOptions): Tensor
/** Ones in the shape and dtype of a tensor. */
export declare function onesLike(x: Tensor, options?: MakeOptions): Tensor
/** `value` everywhere, in the shape and dtype of a tensor. */
export declare function fullLike(x: Tensor, value: number, options?: MakeOptions): Tensor
/**
 * Coordinates of a grid: of vectors of n, m, … numbers one tensor (n, m, …) each. `'xy'` swaps the first two dimensions.
 * @throws {ShapeError} when one of them is no vector.
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
