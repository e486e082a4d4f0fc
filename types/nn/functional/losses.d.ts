// Generated from src/nn/functional/losses.ts by `npm run api`. Do not edit.

import type { Tensor } from '../../tensor/tensor.js'
/** How the losses of the elements are reduced: to their mean, to their sum, or not at all. */
export type Reduction = 'none' | 'mean' | 'sum'
/** The option of every loss. */
export interface ReductionOptions {
  /** How the losses of the elements are reduced: to their mean, to their sum, or not at all. @default 'mean' */
  reduction?: Reduction
}
/** Options of {@link crossEntropy}. */
export interface CrossEntropyOptions extends ReductionOptions {
  /** A weight for each class, (C). @default all 1 */
  weight?: Tensor | null
  /**
   * Targets with this value are ignored: they contribute neither to the loss nor to the divisor of its mean. Not with probabilities as targets. @integer
   * @default -100
   */
  ignoreIndex?: number
  /** Share of the target distribution that is spread evenly over all classes, the correct one included. @minimum 0 @maximum 1 @default 0 */
  labelSmoothing?: number
  /**
   * A weight for each target, in the shape of the losses: the loss of a token is multiplied by it, and `'mean'` divides by the sum of the weights
   * of targets that are not ignored. Use it as a mask, or to weight examples. @default all 1
   */
  tokenWeights?: Tensor | null
}
/** Options of {@link nllLoss}. */
export type NllLossOptions = Pick<CrossEntropyOptions, 'weight' | 'ignoreIndex' | 'reduction'>
/** Options of {@link mseLoss}. */
export type MseLossOptions = ReductionOptions
/** Options of {@link klDiv}. */
export interface KlDivOptions {
  /** Reduction; `'batchmean'` divides the sum by the size of the first dimension, which matches the mathematical definition. @default 'mean' */
  reduction?: Reduction | 'batchmean'
  /** Whether `target` holds log-probabilities. @default false */
  logTarget?: boolean
}
/**
 * `loss = −log softmax(logits)[target]`, computed per row in one pass, without materializing the probabilities.
 *
 * Shapes: `logits (N, C)`, `target (N)` i64; or `(C)` and `()`; or PyTorch's `(N, C, d1, …)` and `(N, d1, …)`.
 * With `labelSmoothing` ε: `(1 − ε) · nll + ε · mean over classes of −log p`.
 * `'mean'` divides by the number of targets that are not ignored, or by the sum of their weights if weights are given. It is NaN if all are ignored.
 *
 * A floating target in the shape of the logits holds a **probability for each class**: `loss = −Σ weight · target · log softmax(logits)`, with
 * `labelSmoothing` ε on `(1 − ε) · target + ε / C`. `'mean'` then divides by the number of rows, whatever the class weights are, and the target may need
 * gradients, too.
 *
 * @example
 * const loss = nn.functional.crossEntropy(logits.reshape([-1, 50257]), labels.flatten(), { labelSmoothing: 0.1 })
 * const distilled = nn.functional.crossEntropy(student, teacher.softmax(1))
 * @throws {ShapeError} when the shapes do not match; logits with the classes in the last dimension need `reshape([-1, C])` first.
 * @throws {DtypeError} for whole numbers in the shape of the logits. @throws {OptionError} for an `ignoreIndex` of 0 or more beside probabilities.
 */
export declare function crossEntropy(logits: Tensor, target: Tensor, options?: CrossEntropyOptions): Tensor
/**
 * `loss = −logProbabilities[target]`: the second half of {@link crossEntropy}, for given log-probabilities.
 *
 * Shapes as {@link crossEntropy}.
 */
export declare function nllLoss(logProbabilities: Tensor, target: Tensor, options?: NllLossOptions): Tensor
/**
 * `(input − target)²`.
 *
 * @throws {ShapeError} when the shapes differ: broadcasting one against the other is nearly always a mistake here.
 */
export declare function mseLoss(input: Tensor, target: Tensor, options?: MseLossOptions): Tensor
/**
 * Kullback–Leibler divergence per element: `target · (log target − input)`, where `input` holds **log**-probabilities; 0 where the target is 0.
 *
 * @example
 * nn.functional.klDiv(student.logSoftmax(-1), teacher.softmax(-1), { reduction: 'batchmean' })
 */
export declare function klDiv(input: Tensor, target: Tensor, options?: KlDivOptions): Tensor
