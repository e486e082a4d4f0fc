// Losses for binary classification; each element is a separate prediction.
import { ShapeError } from '../../errors.js'
import { noGrad } from '../../tensor/scope.js'
import type { Tensor } from '../../tensor/tensor.js'
import { reduce, sameShape } from './losses.js'
import type { ReductionOptions } from './losses.js'
import { checkOptions } from '../../runtime/check-options.js'
import { show } from '../../runtime/options.js'
import { schemas } from '../../runtime/tables.js'
import { logOnePlusExp } from './softplus.js'

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
export function binaryCrossEntropy(input: Tensor, target: Tensor, options: BinaryCrossEntropyOptions = {}): Tensor {
  const owner = 'nn.functional.binaryCrossEntropy'
  checkOptions(owner, options, schemas.BinaryCrossEntropyOptions)
  sameShape(owner, input, target)
  const losses = entropy(input, target)
  return reduce(weighted(owner, losses, 'weight', options.weight), options.reduction)
}

/**
 * The loss of {@link binaryCrossEntropy} for `σ(input)`, computed from the logits: `(1 − t) · x + (1 + (posWeight − 1) · t) · log(1 + e⁻ˣ)`.
 *
 * @example
 * nn.functional.binaryCrossEntropyWithLogits(logits, labels, { posWeight: lora.tensor([3]) })   // three negatives for each positive
 * @throws {ShapeError} when the shapes differ, or a weight does not broadcast to the input.
 */
export function binaryCrossEntropyWithLogits(
  input: Tensor,
  target: Tensor,
  options: BinaryCrossEntropyWithLogitsOptions = {},
): Tensor {
  const owner = 'nn.functional.binaryCrossEntropyWithLogits'
  checkOptions(owner, options, schemas.BinaryCrossEntropyWithLogitsOptions)
  sameShape(owner, input, target)
  const negative = target.neg().add(1).mul(input)
  let positive = logOnePlusExp(input.neg())
  if (options.posWeight) {
    checkWeight(owner, 'posWeight', options.posWeight, input)
    positive = positive.mul(target.mul(options.posWeight.sub(1)).add(1))
  }
  return reduce(weighted(owner, negative.add(positive), 'weight', options.weight), options.reduction)
}

// PyTorch's gradient, which stays finite where the clamped logarithm has none: the values are computed without a graph, and two terms of
// value 0 carry the gradient.
function entropy(p: Tensor, target: Tensor): Tensor {
  const [values, pSlope, targetSlope] = noGrad(() => {
    const [log, logRest] = [p.log().clampMin(-100), p.neg().add(1).log().clampMin(-100)]
    const losses = target.mul(log).add(target.neg().add(1).mul(logRest)).neg()
    const slope = p.sub(target).div(p.neg().add(1).mul(p).clampMin(1e-12))
    return [losses, slope, logRest.sub(log)]
  })
  const zero = (x: Tensor, slope: Tensor): Tensor => x.sub(x.detach()).mul(slope)
  return values.add(zero(p, pSlope)).add(zero(target, targetSlope))
}

function weighted(owner: string, losses: Tensor, name: string, weight: Tensor | null | undefined): Tensor {
  if (!weight) return losses
  checkWeight(owner, name, weight, losses)
  return losses.mul(weight)
}

function checkWeight(owner: string, name: string, weight: Tensor, input: Tensor): void {
  const fits = (d: number, i: number): boolean => d === 1 || d === input.shape.at(i - weight.ndim)
  if (weight.ndim <= input.ndim && weight.shape.every(fits)) return
  throw new ShapeError({
    what: `${owner}: ${name} does not broadcast to the input`,
    expected: `${name} that broadcasts to (${input.shape.join(', ')})`,
    received: `${name} ${show(weight)}`,
    fix: 'reshape or unsqueeze it until its sizes are those of the input, or 1',
  })
}
