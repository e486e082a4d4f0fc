// Similarities and distances of vectors, and losses based on them.
import { ShapeError } from '../../errors.js'
import type { Tensor } from '../../tensor/tensor.js'
import { reduce, sameShape } from './losses.js'
import type { ReductionOptions } from './losses.js'
import { checkOptions } from '../../runtime/check-options.js'
import { show } from '../../runtime/options.js'
import { schemas } from '../../runtime/tables.js'

/** Options of {@link cosineSimilarity}. */
export interface CosineSimilarityOptions {
  /** The dimension to compute along. @integer @default 1 */
  dim?: number
  /** Lower bound on each norm, to avoid division by 0. @minimum 0 @default 1e-8 */
  eps?: number
}

/** Options of {@link pairwiseDistance}. */
export interface PairwiseDistanceOptions {
  /** The p of the p-norm. @infinity @default 2 */
  p?: number
  /** Added to each difference. @default 1e-6 */
  eps?: number
  /** Keep the last dimension, with size 1. @default false */
  keepdim?: boolean
}

/** Options of {@link normalize}. */
export interface NormalizeOptions {
  /** The p of the p-norm that becomes 1. @infinity @default 2 */
  p?: number
  /** The dimension to compute along. @integer @default 1 */
  dim?: number
  /** Lower bound on each norm, to avoid division by 0. @minimum 0 @default 1e-12 */
  eps?: number
}

/** Options of {@link cosineEmbeddingLoss} and {@link marginRankingLoss}. */
export interface MarginOptions extends ReductionOptions {
  /** The margin of the hinge: see the formulas of the two losses. @default 0 */
  margin?: number
}

/** Options of {@link tripletMarginLoss}. */
export interface TripletMarginLossOptions extends ReductionOptions, Pick<PairwiseDistanceOptions, 'p' | 'eps'> {
  /** How much closer to the anchor the positive must be than the negative. @minimum 0 @default 1 */
  margin?: number
  /** Use the distance from the negative to the positive where that is smaller. @default false */
  swap?: boolean
}

/** `a · b / (max(‖a‖, eps) · max(‖b‖, eps))` along `dim`; the shapes are broadcast. */
export function cosineSimilarity(a: Tensor, b: Tensor, options: CosineSimilarityOptions = {}): Tensor {
  const owner = 'nn.functional.cosineSimilarity'
  checkOptions(owner, options, schemas.CosineSimilarityOptions)
  const { dim = 1, eps = 1e-8 } = options
  const unit = (x: Tensor): Tensor => x.div(x.norm(2, dim, true).clampMin(eps))
  return unit(a).mul(unit(b)).sum(dim)
}

/** `‖a − b + eps‖_p` along the last dimension. */
export function pairwiseDistance(a: Tensor, b: Tensor, options: PairwiseDistanceOptions = {}): Tensor {
  const owner = 'nn.functional.pairwiseDistance'
  checkOptions(owner, options, schemas.PairwiseDistanceOptions)
  return a
    .sub(b)
    .add(options.eps ?? 1e-6)
    .norm(options.p ?? 2, -1, options.keepdim ?? false)
}

/** `x / max(‖x‖_p, eps)` along `dim`. */
export function normalize(x: Tensor, options: NormalizeOptions = {}): Tensor {
  const owner = 'nn.functional.normalize'
  checkOptions(owner, options, schemas.NormalizeOptions)
  const { p = 2, dim = 1, eps = 1e-12 } = options
  return x.div(x.norm(p, dim, true).clampMin(eps))
}

/**
 * `1 − cos(a, b)` where the target is 1, `max(0, cos(a, b) − margin)` where it is −1.
 *
 * Shapes: `a` and `b (N, D)`, `target (N)`; or `(D)` and `()`. The target has the dtype of `a`, or is i64.
 * @throws {ShapeError} when the shapes do not match.
 */
export function cosineEmbeddingLoss(a: Tensor, b: Tensor, target: Tensor, options: MarginOptions = {}): Tensor {
  const owner = 'nn.functional.cosineEmbeddingLoss'
  checkOptions(owner, options, schemas.MarginOptions)
  const margin = options.margin ?? 0
  sameShape(owner, a, b)
  if ((a.ndim !== 1 && a.ndim !== 2) || target.shape.join() !== a.shape.slice(0, -1).join()) {
    throw new ShapeError({
      what: `${owner}: the target does not match the vectors`,
      expected: 'a and b (N, D) with target (N), or (D) with ()',
      received: `a ${show(a)}, target ${show(target)}`,
      fix: 'give one target, 1 or -1, for each row',
    })
  }
  // Here PyTorch adds a constant to the squared norms, while cosineSimilarity clamps the norms.
  const square = (x: Tensor): Tensor => x.mul(x).sum(-1).add(1e-12)
  const cosine = a
    .mul(b)
    .sum(-1)
    .div(square(a).mul(square(b)).sqrt())
  const apart = cosine.sub(margin).clampMin(0)
  const together = cosine.neg().add(1)
  const losses = together.maskedFill(target.ne(1), 0).add(apart.maskedFill(target.ne(-1), 0))
  return reduce(losses, options.reduction)
}

/**
 * `max(0, −target · (a − b) + margin)`: with target 1, `a` should be larger than `b`; with −1 smaller.
 *
 * @throws {ShapeError} when the shapes differ.
 */
export function marginRankingLoss(a: Tensor, b: Tensor, target: Tensor, options: MarginOptions = {}): Tensor {
  const owner = 'nn.functional.marginRankingLoss'
  checkOptions(owner, options, schemas.MarginOptions)
  const margin = options.margin ?? 0
  sameShape(owner, a, b)
  sameShape(owner, a, target)
  return reduce(b.sub(a).mul(target).add(margin).clampMin(0), options.reduction)
}

/**
 * `max(0, ‖anchor − positive‖ − ‖anchor − negative‖ + margin)` per row.
 *
 * Shapes: all `(N, D)` or `(D)`.
 * @throws {ShapeError} when the shapes differ.
 */
export function tripletMarginLoss(
  anchor: Tensor,
  positive: Tensor,
  negative: Tensor,
  options: TripletMarginLossOptions = {},
): Tensor {
  const owner = 'nn.functional.tripletMarginLoss'
  checkOptions(owner, options, schemas.TripletMarginLossOptions)
  const { p = 2, eps = 1e-6, swap = false } = options
  const margin = options.margin ?? 1
  sameShape(owner, anchor, positive)
  sameShape(owner, anchor, negative)
  const near = pairwiseDistance(anchor, positive, { p, eps })
  const far = pairwiseDistance(anchor, negative, { p, eps })
  const other = swap ? far.minimum(pairwiseDistance(positive, negative, { p, eps })) : far
  return reduce(near.sub(other).add(margin).clampMin(0), options.reduction)
}
