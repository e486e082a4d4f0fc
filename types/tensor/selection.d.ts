// Generated from src/tensor/selection.ts by `npm run api`. Do not edit.

import type { Tensor } from './tensor.js'
import { Rearrangement } from './rearrangement.js'
/** Numbers read and written by index or by mask, in shapes that are known at once. */
export declare abstract class Selection extends Rearrangement {
  gather(dim: number, index: Tensor): Tensor
  indexSelect(dim: number, index: Tensor): Tensor
  scatterAdd(dim: number, index: Tensor, source: Tensor): Tensor
  /** With `source` written at `index` along a dimension; of equal indexes the last stays. Index and source have one shape. */
  scatter(dim: number, index: Tensor, source: Tensor | number): Tensor
  /** With the rows of `source` added at `index`, a vector, along a dimension. */
  indexAdd(dim: number, index: Tensor, source: Tensor): Tensor
  /** With `value` in the rows that `index`, a vector, names along a dimension. */
  indexFill(dim: number, index: Tensor, value: number): Tensor
  /**
   * With the numbers of `source`, in their order, where `mask` is true.
   *
   * A source with fewer numbers than the mask has places is an {@link IndexError}, at the latest when the result is read.
   * @throws {OptionError} for a source without numbers; {@link ShapeError} when the mask does not broadcast to the tensor.
   */
  maskedScatter(mask: Tensor, source: Tensor): Tensor
}
