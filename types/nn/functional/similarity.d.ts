// Generated from src/nn/functional/similarity.ts by `npm run api`. Do not edit.

import type { Tensor } from '../../tensor/tensor.js'
import type { ReductionOptions } from './losses.js'
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
export declare function cosineSimilarity(a: Tensor, b: Tensor, options?: CosineSimilarityOptions): Tensor
/** `‖a − b + eps‖_p` along the last dimension. */
export declare function pairwiseDistance(a: Tensor, b: Tensor, options?: PairwiseDistanceOptions): Tensor
/** `x / max(‖x‖_p, eps)` along `dim`. */
export declare function normalize(x: Tensor, options?: NormalizeOptions): Tensor
/**
 * `1 − cos(a, b)` where the target is 1, `max(0, cos(a, b) − margin)` where it is −1.
 *
 * Shapes: `a` and `b (N, D)`, `target (N)`; or `(D)` and `()`. The target has the dtype of `a`, or is i64.
 * @throws {ShapeError} when the shapes do not match.
 */
export declare function cosineEmbeddingLoss(a: Tensor, b: Tensor, target: Tensor, options?: MarginOptions): Tensor
/**
 * `max(0, −target · (a − b) + margin)`: with target 1, `a` should be larger than `b`; with −1 smaller.
 *
 * @throws {ShapeError} when the shapes differ.
 */
export declare function marginRankingLoss(a: Tensor, b: Tensor, target: Tensor, options?: MarginOptions): Tensor
/**
 * `max(0, ‖anchor − positive‖ − ‖anchor − negative‖ + margin)` per row.
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
