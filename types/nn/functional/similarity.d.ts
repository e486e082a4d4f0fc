// Generated from src/nn/functional/similarity.ts by `npm run api`. Do not edit.

import type { Tensor } from '../../tensor/tensor.js'
import type { Reduction } from './losses.js'
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
export declare function cosineSimilarity(a: Tensor, b: Tensor, options?: CosineSimilarityOptions): Tensor
/** `‖a − b + eps‖_p` along the last dimension. */
export declare function pairwiseDistance(
  a: Tensor,
  b: Tensor,
  options?: {
    p?: number
    eps?: number
    keepdim?: boolean
  },
): Tensor
/** `x / max(‖x‖_p, eps)` along `dim`. */
export declare function normalize(
  x: Tensor,
  options?: {
    p?: number
    dim?: number
    eps?: number
  },
): Tensor
/**
 * `1 − cos(a, b)` where the target is 1, `max(0, cos(a, b) − margin)` where it is −1.
 *
 * Shapes: `a` and `b (N, D)`, `target (N)`; or `(D)` and `()`. The target has the dtype of `a`, or is i64.
 * @throws {ShapeError} when the shapes do not fit.
 */
export declare function cosineEmbeddingLoss(a: Tensor, b: Tensor, target: Tensor, options?: MarginOptions): Tensor
/**
 * `max(0, −target · (a − b) + margin)`: with target 1, `a` should be larger than `b`; with −1 smaller.
 *
 * @throws {ShapeError} when the shapes differ.
 */
export declare function marginRankingLoss(a: Tensor, b: Tensor, target: Tensor, options?: MarginOptions): Tensor
/**
 * `max(0, ‖anchor − positive‖ − ‖anchor − negative‖ + margin)` by row.
 *
 * Shapes: all `(N, D)` or `(D)`.
 * @throws {ShapeError} when the shapes differ.
 */
export declare function tripletMarginLoss(
  anchor: Tensor,
  positive: Tensor,
  negative: Tensor,
  options?: TripletMarginLossOptions,
): Tensor
