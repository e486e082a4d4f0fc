// How near vectors are, and losses that pull them together or push them apart.
import { ShapeError } from '../../errors.js'
import type { Tensor } from '../../tensor/tensor.js'
import { reduce, sameShape } from './losses.js'
import type { Reduction } from './losses.js'
import { checkBoolean, checkKeys, checkNumber, show } from '../../runtime/options.js'

/** Options of {@link cosineSimilarity}. */
export interface CosineSimilarityOptions {
  /** The dimension of the vectors. @default 1 */
  dim?: number
  /** What each length is at least. @default 1e-8 */
  eps?: number
}

/** Options of {@link cosineEmbeddingLoss} and {@link marginRankingLoss}. */
export interface MarginOptions {
  /** How far a pair may be on the wrong side. @default 0 */
  margin?: number
  /** @default 'mean' */
  reduction?: Reduction
}

/** Options of {@link tripletMarginLoss}. */
export interface TripletMarginLossOptions {
  /** How much nearer the positive must be. @default 1 */
  margin?: number
  /** The norm of the distance. @default 2 */
  p?: number
  /** Added to each difference. @default 1e-6 */
  eps?: number
  /** Take the negative's distance to the positive where that is smaller. @default false */
  swap?: boolean
  /** @default 'mean' */
  reduction?: Reduction
}

/** `a · b / (max(‖a‖, eps) · max(‖b‖, eps))` along `dim`; the shapes are broadcast. */
export function cosineSimilarity(a: Tensor, b: Tensor, options: CosineSimilarityOptions = {}): Tensor {
  const owner = 'nn.functional.cosineSimilarity'
  checkKeys(owner, options, ['dim', 'eps'])
  const { dim = 1, eps = 1e-8 } = options
  checkNumber(owner, 'eps', eps, 0)
  const unit = (x: Tensor): Tensor => x.div(x.norm(2, dim, true).clampMin(eps))
  return unit(a).mul(unit(b)).sum(dim)
}

/** `‖a − b + eps‖_p` along the last dimension. */
export function pairwiseDistance(
  a: Tensor,
  b: Tensor,
  options: { p?: number; eps?: number; keepdim?: boolean } = {},
): Tensor {
  const owner = 'nn.functional.pairwiseDistance'
  checkKeys(owner, options, ['p', 'eps', 'keepdim'])
  return a
    .sub(b)
    .add(checkNumber(owner, 'eps', options.eps ?? 1e-6))
    .norm(options.p ?? 2, -1, options.keepdim ?? false)
}

/** `x / max(‖x‖_p, eps)` along `dim`. */
export function normalize(x: Tensor, options: { p?: number; dim?: number; eps?: number } = {}): Tensor {
  const owner = 'nn.functional.normalize'
  checkKeys(owner, options, ['p', 'dim', 'eps'])
  const { p = 2, dim = 1, eps = 1e-12 } = options
  return x.div(x.norm(p, dim, true).clampMin(checkNumber(owner, 'eps', eps, 0)))
}

/**
 * `1 − cos(a, b)` where the target is 1, `max(0, cos(a, b) − margin)` where it is −1.
 *
 * Shapes: `a` and `b (N, D)`, `target (N)`; or `(D)` and `()`. The target has the dtype of `a`, or is i64.
 * @throws {ShapeError} when the shapes do not fit.
 */
export function cosineEmbeddingLoss(a: Tensor, b: Tensor, target: Tensor, options: MarginOptions = {}): Tensor {
  const owner = 'nn.functional.cosineEmbeddingLoss'
  checkKeys(owner, options, ['margin', 'reduction'])
  const margin = checkNumber(owner, 'margin', options.margin ?? 0)
  sameShape(owner, a, b)
  if ((a.ndim !== 1 && a.ndim !== 2) || target.shape.join() !== a.shape.slice(0, -1).join()) {
    throw new ShapeError({
      what: `${owner}: the target does not fit`,
      expected: 'a and b (N, D) with target (N), or (D) with ()',
      received: `a ${show(a)}, target ${show(target)}`,
      fix: 'give one target, 1 or -1, for each row',
    })
  }
  // PyTorch adds this to the squares here, where cosineSimilarity holds the lengths.
  const square = (x: Tensor): Tensor => x.mul(x).sum(-1).add(1e-12)
  const cosine = a
    .mul(b)
    .sum(-1)
    .div(square(a).mul(square(b)).sqrt())
  const apart = cosine.sub(margin).clampMin(0)
  const together = cosine.neg().add(1)
  const losses = together.maskedFill(target.ne(1), 0).add(apart.maskedFill(target.ne(-1), 0))
  return reduce(owner, losses, options.reduction)
}

/**
 * `max(0, −target · (a − b) + margin)`: with target 1, `a` should be larger than `b`; with −1 smaller.
 *
 * @throws {ShapeError} when the shapes differ.
 */
export function marginRankingLoss(a: Tensor, b: Tensor, target: Tensor, options: MarginOptions = {}): Tensor {
  const owner = 'nn.functional.marginRankingLoss'
  checkKeys(owner, options, ['margin', 'reduction'])
  const margin = checkNumber(owner, 'margin', options.margin ?? 0)
  sameShape(owner, a, b)
  sameShape(owner, a, target)
  return reduce(owner, b.sub(a).mul(target).add(margin).clampMin(0), options.reduction)
}

/**
 * `max(0, ‖anchor − positive‖ − ‖anchor − negative‖ + margin)` by row.
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
  checkKeys(owner, options, ['margin', 'p', 'eps', 'swap', 'reduction'])
  const { p = 2, eps = 1e-6, swap = false } = options
  const margin = checkNumber(owner, 'margin', options.margin ?? 1, 0)
  checkBoolean(owner, 'swap', swap)
  sameShape(owner, anchor, positive)
  sameShape(owner, anchor, negative)
  const near = pairwiseDistance(anchor, positive, { p, eps })
  const far = pairwiseDistance(anchor, negative, { p, eps })
  const other = swap ? far.minimum(pairwiseDistance(positive, negative, { p, eps })) : far
  return reduce(owner, near.sub(other).add(margin).clampMin(0), options.reduction)
}
