// Generated from src/tensor/dynamic.ts by `npm run api`. Do not edit.

import type { Tensor } from './tensor.js'
import { Selection } from './selection.js'
/** Results whose shape or value is known only when the numbers are there: these are async. */
export declare abstract class Dynamic extends Selection {
  /** The places of all elements that are not 0, row by row: i64 (count, ndim). */
  nonzero(): Promise<Tensor>
  /**
   * The elements where `mask` is true, as a vector; they keep their gradient. The numbers are those of the call, whatever changes later.
   * @throws {DtypeError} when the mask is not bool; {@link ShapeError} when it does not broadcast to the tensor.
   */
  maskedSelect(mask: Tensor): Promise<Tensor>
  /**
   * The different values, from small to large; for each element of the tensor the place of its value among them; and how often each value
   * occurs. NaN differs from every NaN.
   */
  unique(): Promise<{
    values: Tensor
    inverse: Tensor
    counts: Tensor
  }>
  /** Whether shape and numbers are the same; NaN equals nothing. */
  equal(other: Tensor): Promise<boolean>
  /**
   * Whether `|this - other| <= atol + rtol · |other|` everywhere, broadcast; infinities are close to themselves only. Integers are compared
   * as f64.
   */
  allclose(
    other: Tensor,
    {
      rtol,
      atol,
      equalNan,
    }?: {
      rtol?: number
      atol?: number
      equalNan?: boolean
    },
  ): Promise<boolean>
}
