// Generated from src/nn/functional/functional.ts by `npm run api`. Do not edit.

import type { Tensor } from '../../tensor/tensor.js'
export { conv1d, conv2d, conv3d, convTranspose1d, convTranspose2d, convTranspose3d, pad } from './conv.js'
export { linearCrossEntropy } from './linear-cross-entropy.js'
export type { LinearCrossEntropyOptions } from './linear-cross-entropy.js'
export { crossEntropy, klDiv, mseLoss, nllLoss } from './losses.js'
export type { CrossEntropyOptions, KlDivOptions, MseLossOptions, NllLossOptions, Reduction } from './losses.js'
export {
  dropout1d,
  dropout2d,
  dropout3d,
  elu,
  glu,
  hardtanh,
  leakyRelu,
  logSigmoid,
  mish,
  prelu,
  relu6,
  siluMul,
  softplus,
} from './activations.js'
export { interpolate } from './interpolate.js'
export { batchNorm, groupNorm, instanceNorm } from './norm.js'
export {
  adaptiveAvgPool1d,
  adaptiveAvgPool2d,
  adaptiveAvgPool3d,
  adaptiveMaxPool1d,
  adaptiveMaxPool1dWithIndices,
  adaptiveMaxPool2d,
  adaptiveMaxPool2dWithIndices,
  adaptiveMaxPool3d,
  adaptiveMaxPool3dWithIndices,
  avgPool1d,
  avgPool2d,
  avgPool3d,
  maxPool1d,
  maxPool1dWithIndices,
  maxPool2d,
  maxPool2dWithIndices,
  maxPool3d,
  maxPool3dWithIndices,
} from './pooling.js'
export { pixelShuffle, pixelUnshuffle } from '../reshaping.js'
export { huberLoss, l1Loss, smoothL1Loss } from './regression-losses.js'
export type { HuberLossOptions, L1LossOptions, SmoothL1LossOptions } from './regression-losses.js'
export { binaryCrossEntropy, binaryCrossEntropyWithLogits } from './binary-losses.js'
export type { BinaryCrossEntropyOptions, BinaryCrossEntropyWithLogitsOptions } from './binary-losses.js'
export {
  cosineEmbeddingLoss,
  cosineSimilarity,
  marginRankingLoss,
  normalize,
  pairwiseDistance,
  tripletMarginLoss,
} from './similarity.js'
export type { CosineSimilarityOptions, MarginOptions, TripletMarginLossOptions } from './similarity.js'
export { oneHot } from './one-hot.js'
/**
 * `y = x Wᵀ + bias`.
 *
 * Shapes: `x (..., K)`, `weight (N, K)`, `bias (N)` → `(..., N)`. A bf16 or f16 weight is widened as it is read; `y` is then f32.
 * @throws {ShapeError} when the last dimension of `x` is not K.
 */
export declare function linear(x: Tensor, weight: Tensor, bias?: Tensor | null): Tensor
/**
 * Rows of `weight` at `ids`.
 *
 * Shapes: `ids (...)` i64, `weight (num, D)` → `(..., D)`.
 */
export declare function embedding(ids: Tensor, weight: Tensor, options?: EmbeddingOptions): Tensor
/** Options of {@link embedding}. */
export interface EmbeddingOptions {
  /** The row that gets no gradient; negative counts from the end. @default none */
  paddingIdx?: number | null
  /** Divide the gradient of a row by how often the batch uses it. @default false */
  scaleGradByFreq?: boolean
}
/**
 * `y = (x − mean) / √(var + eps) · weight + bias`, mean and variance (1/n) over the last dimensions, those of `normalizedShape`.
 *
 * Shapes: `x (..., *normalizedShape)`, `weight` and `bias` `normalizedShape`.
 */
export declare function layerNorm(
  x: Tensor,
  normalizedShape: number | readonly number[],
  weight?: Tensor | null,
  bias?: Tensor | null,
  eps?: number,
): Tensor
/**
 * `y = x / √(mean(x²) + eps) · weight`, the mean over the last dimensions, those of `normalizedShape` (Zhang and Sennrich 2019).
 */
export declare function rmsNorm(
  x: Tensor,
  normalizedShape: number | readonly number[],
  weight?: Tensor | null,
  eps?: number,
): Tensor
/** `x · Φ(x)`; `'tanh'` is the approximation that GPT-2 calls `gelu_new`. */
export declare function gelu(x: Tensor, approximate?: 'none' | 'tanh'): Tensor
/** `x · σ(x)`. */
export declare function silu(x: Tensor): Tensor
/** `max(x, 0)`. */
export declare function relu(x: Tensor): Tensor
/** `tanh(x)`. */
export declare function tanh(x: Tensor): Tensor
/** `1 / (1 + e⁻ˣ)`. */
export declare function sigmoid(x: Tensor): Tensor
/** `eˣ / Σ eˣ` along `dim`. */
export declare function softmax(x: Tensor, dim: number): Tensor
/** `x − log Σ eˣ` along `dim`. */
export declare function logSoftmax(x: Tensor, dim: number): Tensor
/** Zeroes each element with probability `p` and divides the rest by 1 − p; the same `x` comes back when not training. */
export declare function dropout(x: Tensor, p?: number, training?: boolean): Tensor
/** Options of {@link scaledDotProductAttention}. */
export interface AttentionOptions {
  /**
   * What each query may look at: bool (true = attend) or f32 (added to the scores); any shape that broadcasts to (B, H, T, S).
   * @default everything
   */
  mask?: Tensor | null
  /**
   * Query t attends to keys 0..t. `'bottom-right'` aligns the last query with the last key: for T new tokens behind a cache.
   * May be combined with `mask`. @default false
   */
  isCausal?: boolean | 'top-left' | 'bottom-right'
  /** Probability of dropping a weight. Applied whenever given, as in PyTorch: pass 0 when not training. @default 0 */
  dropoutP?: number
  /** Factor on q·k. @default 1/√D */
  scale?: number
  /** Let k and v have fewer heads than q (a divisor): each is shared by a group of query heads. @default false */
  enableGqa?: boolean
  /** Number of keys that count in each row of the batch, (B) i64; keys behind it are ignored. @default all */
  lengths?: Tensor | null
  /**
   * How many keys a query sees at most, up to its own place: those in front of them are hidden, and cost nothing. Without `isCausal` it sees as many
   * behind its place, too: |s − t| < window. @default all
   */
  window?: number | null
  /** Bends the scaled scores s to `softcap · tanh(s / softcap)` before the masks, as Gemma 2 does. @default not */
  softcap?: number | null
  /** Order of the dimensions: `'BHTD'` as PyTorch, or `'BTHD'`, the order a projection writes, which saves two copies. @default 'BHTD' */
  layout?: 'BHTD' | 'BTHD'
}
/**
 * `softmax(scale · q kᵀ + mask) v`, tiled per head: the T × S matrix never lies in memory.
 *
 * Shapes: `q (B, H, T, D)`, `k` and `v (B, Hkv, S, D)` → `(B, H, T, D)`; with `layout: 'BTHD'` the middle two are swapped in all four.
 * @example
 * const y = nn.functional.scaledDotProductAttention(q, k, v, { isCausal: true })
 * @throws {ShapeError} when heads or head sizes do not fit, or when k has fewer heads than q without `enableGqa`.
 */
export declare function scaledDotProductAttention(q: Tensor, k: Tensor, v: Tensor, options?: AttentionOptions): Tensor
