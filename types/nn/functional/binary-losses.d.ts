// Generated from src/nn/functional/binary-losses.ts by `npm run api`. Do not edit.

import type { Tensor } from '../../tensor/tensor.js'
import type { ReductionOptions } from './losses.js'
/** Options of {@link binaryCrossEntropy}. */
export interface BinaryCrossEntropyOptions extends ReductionOptions {
  /** A weight for the loss of each element; broadcasts to the input. The mean divides by the number of elements, not by the sum of weights. @default all 1 */
  weight?: Tensor | null
}
/** Options of {@link binaryCrossEntropyWithLogits}. */
export interface BinaryCrossEntropyWithLogitsOptions extends BinaryCrossEntropyOptions {
  /** A weight for positive targets, e.g. the ratio of negatives to positives of each class; broadcasts to the input. @default all 1 */
  posWeight?: Tensor | null
}
/**
 * `−(target · log input + (1 − target) · log(1 − input))` for probabilities. Logarithms are clamped to at least −100, so the loss of an element is at most 100.
 *
 * Use {@link binaryCrossEntropyWithLogits} where logits are available: it is exact where a probability would round to 0 or 1. An input outside
 * [0, 1] gives NaN.
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
