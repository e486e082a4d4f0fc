// Generated from src/tensor/reductions.ts by `npm run api`. Do not edit.

/** Options of {@link Tensor.var} and {@link Tensor.std}. */
export interface VarianceOptions {
  /** What the number of elements is lowered by: 1 gives the unbiased estimate, 0 the variance of the numbers themselves. @default 1 */
  correction?: number
  /** Keep the reduced dimensions, with size 1. @default false */
  keepdim?: boolean
}
