// Generated from src/nn/functional/binary-losses.ts by `npm run api`. Do not edit.

import type { Tensor } from '../../tensor/tensor.js'
import type { ReductionOptions } from './losses.js'
/** Options of {@link binaryCrossEntropy}. */
export interface BinaryCrossEntropyOptions extends ReductionOptions {
  /** A factor on the loss of each element; broadcasts to the input. The mean divides by the number of elements, not by the weights. @default all 1 */
  weight?: Tensor | null
}
/** Options of {@link binaryCrossEntropyWithLogits}. */
export interface BinaryCrossEntropyWithLogitsOptions extends BinaryCrossEntropyOptions {
  /** A factor on the positive part of the loss, e.g. negatives per positive of each class; broadcasts to the input. @default all 1 */
  posWeight?: Tensor | null
}
/**
 * `−(target · log input + (1 − target) · log(1 − input))` for probabilities. Logarithms are held at −100, so that a sure mistake costs 100.
 *
 * Use {@link binaryCrossEntropyWithLogits} where the logits are at hand: it is exact where a probability would be rounded to 0 or 1. An input
 * outside of 0 to 1 gives NaN.
 * @throws {ShapeError} when the shapes differ.
 */
export declare function binaryCrossEntropy(input: Tensor, target: Tensor, options?: BinaryCrossEntropyOptions): Tensor
/**
 * The loss of {@link binaryCrossEntropy} for `σ(input)`, computed from the logits: `(1 − t) · x + (1 + (posWeight − 1) · t) · log(1 + e⁻ˣ)`.
 *
 * @example
 * nn.functional.binaryCrossEntropyWithLogits(logits, labels, { posWeight: lora.tensor([3]) })   // three negatives for each positive
 * @throws {ShapeError} when the shapes differ, or a weight does not broadcast to the input.
 */
export declare function binaryCrossEntropyWithLogits(
  input: Tensor,
  target: Tensor,
  options?: BinaryCrossEntropyWithLogitsOptions,
): Tensor
