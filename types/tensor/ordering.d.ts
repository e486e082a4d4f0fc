// Generated from src/tensor/ordering.ts by `npm run api`. Do not edit.

import type { Generator } from '../runtime/random.js'
import type { Tensor } from './tensor.js'
import { Reductions } from './reductions.js'
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
/** Order along a dimension. NaN is larger than every number. */
export declare abstract class Ordering extends Reductions {
  /** The values in order along a dimension, and the places they came from. */
  sort(dim?: number, options?: SortOptions): [values: Tensor, indices: Tensor]
  /** The places that {@link sort} takes the values from. */
  argsort(dim?: number, options?: SortOptions): Tensor
  /** The `k` largest values along a dimension, the largest first, and their places; with `largest: false` the smallest. */
  topk(k: number, dim?: number, options?: TopkOptions): [values: Tensor, indices: Tensor]
  /** The `k`-th smallest value along a dimension (the smallest is the first), and its place. */
  kthvalue(k: number, dim?: number, keepdim?: boolean): [values: Tensor, indices: Tensor]
  /** The median of all numbers: the lower of the two in the middle; NaN when there is one. */
  median(): Tensor
  /** The median along a dimension, and its place. */
  median(dim: number, keepdim?: boolean): [values: Tensor, indices: Tensor]
  /**
   * `count` categories of each row, drawn by weight: i64 (count) or (rows, count). Weights are finite and not negative, and need not sum to 1.
   *
   * The same seed gives the same draws. A row with a bad weight, or with fewer weights above 0 than draws without replacement, is an
   * {@link OptionError} when the result is read.
   *
   * Shapes: `(n)` or `(rows, n)`.
   * @throws {OptionError} when more than n are drawn without replacement; {@link ShapeError} for other shapes.
   */
  multinomial(count: number, options?: MultinomialOptions): Tensor
  /** The engine sorts rows: the dimension goes to the end and back. */
  private ordered
  private last
  /** Refuses a rank that the dimension has not; returns the size of the dimension. */
  private checkRank
}
