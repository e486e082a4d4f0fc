// Generated from src/tensor/operand.ts by `npm run api`. Do not edit.

import type { Dtype } from './dtype.js'
/** What an operation can be recorded on: a tensor as the engine knows it. */
export declare abstract class Operand {
  /** Sizes of the dimensions, outermost first. */
  abstract readonly shape: readonly number[]
  /** Element type. */
  abstract readonly dtype: Dtype
  /** Number of dimensions. */
  get ndim(): number
  /** Number of elements. */
  get numel(): number
  /** Size of one dimension, or all sizes. */
  size(): readonly number[]
  size(dim: number): number
}
