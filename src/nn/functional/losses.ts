// Loss functions. All take logits or predictions first and the target second; the default reduction is the mean.
import { DtypeError, ShapeError } from '../../errors.js'
import * as ops from '../../generated/ops.js'
import { where } from '../../tensor/make.js'
import type { Tensor } from '../../tensor/tensor.js'
import { checkOptions } from '../../runtime/check-options.js'
import { bad, show } from '../../runtime/options.js'
import { schemas } from '../../runtime/tables.js'
import { isFloat } from '../../tensor/dtype.js'

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

/** The reductions, in the order of the engine's codes. */
export const REDUCTIONS: readonly Reduction[] = ['none', 'mean', 'sum']

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
export function crossEntropy(logits: Tensor, target: Tensor, options: CrossEntropyOptions = {}): Tensor {
  const owner = 'nn.functional.crossEntropy'
  checkOptions(owner, options, schemas.CrossEntropyOptions)
  if (logits.ndim > 0 && logits.shape.join() === target.shape.join())
    return softCrossEntropy(owner, logits, target, options)
  const smoothing = options.labelSmoothing ?? 0
  const ignoreIndex = options.ignoreIndex ?? -100
  const rows = classRows(owner, logits, target) // (N, C)
  const flat = target.reshape([-1]) // (N)
  const losses = ops.crossEntropy(rows, flat, options.weight ?? null, ignoreIndex, smoothing)
  return reduceRows(owner, losses, flat, target.shape, ignoreIndex, options)
}

/** {@link crossEntropy} with a probability for each class as target. Shapes: `logits`, `target (N, C, d1, …)`, or `(C)`. */
function softCrossEntropy(owner: string, logits: Tensor, target: Tensor, options: CrossEntropyOptions): Tensor {
  const { weight = null, labelSmoothing: smoothing = 0, ignoreIndex = -100, reduction = 'mean' } = options
  if (!isFloat(target.dtype)) throw wholeTargets(owner, logits, target)
  if (ignoreIndex >= 0)
    throw bad(owner, 'ignoreIndex', 'a negative number beside probabilities, none of which is ignored', ignoreIndex)
  const dim = logits.ndim === 1 ? 0 : 1
  const C = logits.shape[dim]!
  const aligned = logits.shape.map((_, i) => (i === dim ? C : 1))
  if (weight && (weight.ndim !== 1 || weight.shape[0] !== C)) throw classWeights(owner, weight, C)
  const smoothed = smoothing > 0 ? target.mul(1 - smoothing).add(smoothing / C) : target
  const scores = logits.logSoftmax(dim).mul(smoothed)
  const losses = (weight ? scores.mul(weight.reshape(aligned)) : scores).sum(dim).neg() // (N, d1, …)
  const tokenWeights = flatWeights(owner, options.tokenWeights, losses.shape)?.reshape(losses.shape) ?? null
  const weighted = tokenWeights ? losses.mul(tokenWeights) : losses
  if (reduction !== 'mean' || tokenWeights === null) return reduce(weighted, reduction)
  return weighted.sum().div(tokenWeights.sum())
}

/**
 * `loss = −logProbabilities[target]`: the second half of {@link crossEntropy}, for given log-probabilities.
 *
 * Shapes as {@link crossEntropy}.
 */
export function nllLoss(logProbabilities: Tensor, target: Tensor, options: NllLossOptions = {}): Tensor {
  const owner = 'nn.functional.nllLoss'
  checkOptions(owner, options, schemas.NllLossOptions)
  const ignoreIndex = options.ignoreIndex ?? -100
  const rows = classRows(owner, logProbabilities, target) // (N, C)
  const flat = target.reshape([-1]) // (N)
  const counts = flat.ne(ignoreIndex)
  const safe = flat.maskedFill(counts.logicalNot(), 0)
  let losses = rows.gather(1, safe.unsqueeze(1)).squeeze(1).neg()
  if (options.weight) losses = losses.mul(options.weight.indexSelect(0, safe))
  losses = losses.maskedFill(counts.logicalNot(), 0)
  return reduceRows(owner, losses, flat, target.shape, ignoreIndex, options)
}

/**
 * `(input − target)²`.
 *
 * @throws {ShapeError} when the shapes differ: broadcasting one against the other is nearly always a mistake here.
 */
export function mseLoss(input: Tensor, target: Tensor, options: MseLossOptions = {}): Tensor {
  const owner = 'nn.functional.mseLoss'
  checkOptions(owner, options, schemas.MseLossOptions)
  sameShape(owner, input, target)
  return reduce(input.sub(target).square(), options.reduction)
}

/**
 * Kullback–Leibler divergence per element: `target · (log target − input)`, where `input` holds **log**-probabilities; 0 where the target is 0.
 *
 * @example
 * nn.functional.klDiv(student.logSoftmax(-1), teacher.softmax(-1), { reduction: 'batchmean' })
 */
export function klDiv(input: Tensor, target: Tensor, options: KlDivOptions = {}): Tensor {
  const owner = 'nn.functional.klDiv'
  checkOptions(owner, options, schemas.KlDivOptions)
  sameShape(owner, input, target)
  const losses = options.logTarget ? target.exp().mul(target.sub(input)) : klFromProbabilities(input, target)
  if (options.reduction !== 'batchmean') return reduce(losses, options.reduction)
  return losses.sum().div(input.shape[0] ?? 1)
}

// The smallest normal number: t · log(max(t, tiny)) is 0 at t = 0, with a finite gradient.
function klFromProbabilities(input: Tensor, target: Tensor): Tensor {
  const tiny = target.dtype === 'f64' ? 2.2250738585072014e-308 : 1.1754943508222875e-38
  return target.mul(target.clamp(tiny).log().sub(input))
}

/** Applies a reduction to the losses of the elements. */
export function reduce(losses: Tensor, reduction: Reduction = 'mean'): Tensor {
  switch (reduction) {
    case 'none':
      return losses
    case 'sum':
      return losses.sum()
    case 'mean':
      return losses.mean()
  }
}

function reduceRows(
  owner: string,
  losses: Tensor,
  target: Tensor,
  shape: readonly number[],
  ignoreIndex: number,
  options: CrossEntropyOptions,
): Tensor {
  const reduction = options.reduction ?? 'mean'
  const tokenWeights = flatWeights(owner, options.tokenWeights, shape)
  const weighted = tokenWeights ? losses.mul(tokenWeights) : losses
  if (reduction === 'none') return weighted.reshape(shape)
  if (reduction === 'sum') return weighted.sum()
  return weighted.sum().div(totalWeight(losses, target, ignoreIndex, options.weight, tokenWeights))
}

// The sum of the weights of the targets that are not ignored: the divisor of PyTorch's 'mean'.
function totalWeight(
  losses: Tensor,
  target: Tensor,
  ignoreIndex: number,
  classWeight: Tensor | null | undefined,
  tokenWeights: Tensor | null,
): Tensor {
  const counts = target.ne(ignoreIndex)
  let weights = counts.to(losses.dtype)
  if (tokenWeights) weights = weights.mul(tokenWeights)
  if (classWeight) weights = weights.mul(classWeight.indexSelect(0, where(counts, target, 0)))
  return weights.sum()
}

function flatWeights(owner: string, weights: Tensor | null | undefined, shape: readonly number[]): Tensor | null {
  if (!weights) return null
  if (weights.shape.join() === shape.join()) return weights.reshape([-1])
  throw new ShapeError({
    what: `${owner}: tokenWeights do not match the target`,
    expected: `tokenWeights (${shape.join(', ')}), as the target`,
    received: `tokenWeights ${show(weights)}`,
    fix: 'give one weight for each target',
  })
}

// Logits as (rows, classes), from PyTorch's layout, which has the classes in dimension 1.
function classRows(owner: string, logits: Tensor, target: Tensor): Tensor {
  const [shape, targetShape] = [logits.shape, target.shape]
  if (logits.ndim === 1 && target.ndim === 0) return logits.unsqueeze(0)
  const fits = logits.ndim >= 2 && [shape[0], ...shape.slice(2)].join() === targetShape.join()
  if (!fits) throw classShape(owner, logits, target)
  if (logits.ndim === 2) return logits
  const rest = shape.slice(2).map((_, i) => i + 2)
  return logits.permute(0, ...rest, 1).reshape([-1, shape[1] ?? 1])
}

function wholeTargets(owner: string, logits: Tensor, target: Tensor): DtypeError {
  return new DtypeError({
    what: `${owner}: a target in the shape of the logits holds a probability for each class`,
    expected: 'a floating target, or classes (N) in i64',
    received: `logits ${show(logits)}, target ${show(target)}`,
    fix: `convert probabilities with target.to('f32'); one-hot classes are target.argmax(1)`,
  })
}

function classWeights(owner: string, weight: Tensor, classes: number): ShapeError {
  return new ShapeError({
    what: `${owner}: the class weights do not match the logits`,
    expected: `weight (${classes}), one for each class`,
    received: `weight ${show(weight)}`,
    fix: 'give one weight for each class',
  })
}

function classShape(owner: string, logits: Tensor, target: Tensor): ShapeError {
  const classesLast = logits.shape.slice(0, -1).join() === target.shape.join()
  return new ShapeError({
    what: `${owner}: the target does not match the logits`,
    expected: 'logits (N, C) and target (N), or logits (N, C, d1, …) and target (N, d1, …)',
    received: `logits ${show(logits)}, target ${show(target)}`,
    fix: classesLast
      ? `the classes are last: call it with logits.reshape([-1, ${logits.shape.at(-1)}]) and target.reshape([-1])`
      : 'give one target for each row of logits',
  })
}

/** Refuses a target of another shape than the input: broadcasting one against the other is nearly always a mistake. */
export function sameShape(owner: string, input: Tensor, target: Tensor): void {
  if (input.shape.join() === target.shape.join()) return
  throw new ShapeError({
    what: `${owner}: input and target have different shapes`,
    expected: `target (${input.shape.join(', ')}), as the input`,
    received: `input ${show(input)}, target ${show(target)}`,
    fix: 'reshape or expand one of them before the call',
  })
}
