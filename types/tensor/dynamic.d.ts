// Generated from src/tensor/dynamic.ts by `npm run api`. Do not edit.

/** Options of {@link Tensor.allclose}. */
export interface AllcloseOptions {
  /** Distance that is allowed, as a part of the other number. @default 1e-5 */
  rtol?: number
  /** Distance that is allowed in any case. @default 1e-8 */
  atol?: number
  /** Whether NaN is close to NaN. @default false */
  equalNan?: boolean
}
