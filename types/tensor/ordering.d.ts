// Generated from src/tensor/ordering.ts by `npm run api`. Do not edit.

import type { Generator } from '../runtime/random.js'
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
