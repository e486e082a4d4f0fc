// Layers as functions, under PyTorch's names and argument order. Shapes are checked by the engine, which names the module that called.
import { OptionError, ShapeError } from '../../errors.js'
import * as ops from '../../generated/ops.js'
import type { Tensor } from '../../tensor/tensor.js'
import { checkOptions } from '../../runtime/check-options.js'
import * as schemas from '../../generated/options.js'
import { checkChoice, checkProbability, resolvePadding, show } from '../../runtime/options.js'

export { conv1d, conv2d, conv3d, convTranspose1d, convTranspose2d, convTranspose3d, pad } from './conv.js'
export { linearCrossEntropy } from './linear-cross-entropy.js'
export type { LinearCrossEntropyOptions } from './linear-cross-entropy.js'
export { crossEntropy, klDiv, mseLoss, nllLoss } from './losses.js'
export type {
  CrossEntropyOptions,
  KlDivOptions,
  MseLossOptions,
  NllLossOptions,
  Reduction,
  ReductionOptions,
} from './losses.js'
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
export type {
  CosineSimilarityOptions,
  MarginOptions,
  NormalizeOptions,
  PairwiseDistanceOptions,
  TripletMarginLossOptions,
} from './similarity.js'
export { oneHot } from './one-hot.js'

/**
 * `y = x Wᵀ + bias`.
 *
 * Shapes: `x (..., K)`, `weight (N, K)`, `bias (N)` → `(..., N)`. A bf16 or f16 weight is widened as it is read; `y` is then f32.
 * @throws {ShapeError} when the last dimension of `x` is not K.
 */
export function linear(x: Tensor, weight: Tensor, bias: Tensor | null = null): Tensor {
  return ops.linear(x, weight, bias, 0)
}

/**
 * Rows of `weight` at `ids`.
 *
 * Shapes: `ids (...)` i64, `weight (num, D)` → `(..., D)`.
 */
export function embedding(ids: Tensor, weight: Tensor, options: EmbeddingOptions = {}): Tensor {
  checkOptions('nn.functional.embedding', options, schemas.EmbeddingOptions)
  const rows = weight.shape[0] ?? 0
  const padding = resolvePadding('nn.functional.embedding', options.paddingIdx, rows)
  return ops.embedding(weight, ids, padding, options.scaleGradByFreq ?? false)
}

/** Options of {@link embedding}. */
export interface EmbeddingOptions {
  /** The row of the padding: it gets no gradient, and starts at 0 in a new table. Negative counts from the end. @integer @default none */
  paddingIdx?: number | null
  /** Divide the gradient of a row by how often the batch uses it. @default false */
  scaleGradByFreq?: boolean
}

/**
 * `y = (x − mean) / √(var + eps) · weight + bias`, mean and variance (1/n) over the last dimensions, those of `normalizedShape`.
 *
 * Shapes: `x (..., *normalizedShape)`, `weight` and `bias` `normalizedShape`.
 */
export function layerNorm(
  x: Tensor,
  normalizedShape: number | readonly number[],
  weight: Tensor | null = null,
  bias: Tensor | null = null,
  eps = 1e-5,
): Tensor {
  return overLast('nn.functional.layerNorm', x, normalizedShape, (flat, width) =>
    ops.layerNorm(flat, flatten(weight, width), flatten(bias, width), eps),
  )
}

/**
 * `y = x / √(mean(x²) + eps) · weight`, the mean over the last dimensions, those of `normalizedShape` (Zhang and Sennrich 2019).
 */
export function rmsNorm(
  x: Tensor,
  normalizedShape: number | readonly number[],
  weight: Tensor | null = null,
  eps = 1e-6,
): Tensor {
  return overLast('nn.functional.rmsNorm', x, normalizedShape, (flat, width) =>
    ops.rmsNorm(flat, flatten(weight, width), eps),
  )
}

/** `x · Φ(x)`; `'tanh'` is the approximation that GPT-2 calls `gelu_new`. */
export function gelu(x: Tensor, approximate: 'none' | 'tanh' = 'none'): Tensor {
  return x.gelu(checkChoice('nn.functional.gelu', 'approximate', approximate, ['none', 'tanh']))
}

/** `x · σ(x)`. */
export function silu(x: Tensor): Tensor {
  return x.silu()
}

/** `max(x, 0)`. */
export function relu(x: Tensor): Tensor {
  return x.relu()
}

/** `tanh(x)`. */
export function tanh(x: Tensor): Tensor {
  return x.tanh()
}

/** `1 / (1 + e⁻ˣ)`. */
export function sigmoid(x: Tensor): Tensor {
  return x.sigmoid()
}

/** `eˣ / Σ eˣ` along `dim`. */
export function softmax(x: Tensor, dim: number): Tensor {
  return x.softmax(dim)
}

/** `x − log Σ eˣ` along `dim`. */
export function logSoftmax(x: Tensor, dim: number): Tensor {
  return x.logSoftmax(dim)
}

/** Zeroes each element with probability `p` and divides the rest by 1 − p; the same `x` comes back when not training. */
export function dropout(x: Tensor, p = 0.5, training = true): Tensor {
  checkProbability('nn.functional.dropout', 'p', p)
  return training && p > 0 ? ops.dropout(x, p) : x
}

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
  /** Probability of dropping a weight. Applied whenever given, as in PyTorch: pass 0 when not training. @minimum 0 @maximum 1 @default 0 */
  dropoutP?: number
  /** Factor on q·k. @default 1/√D */
  scale?: number
  /** Let k and v have fewer heads than q (a divisor): each is shared by a group of query heads. @default false */
  enableGqa?: boolean
  /** Number of keys that count in each row of the batch, (B) i64; keys behind it are ignored. @default all */
  lengths?: Tensor | null
  /**
   * How many keys a query sees at most, up to its own place: those in front of them are hidden, and cost nothing. Without `isCausal` it sees as many
   * behind its place, too: |s − t| < window. @integer @minimum 1 @default all
   */
  window?: number | null
  /** Bends the scaled scores s to `softcap · tanh(s / softcap)` before the masks, as Gemma 2 does. @exclusiveMinimum 0 @default not */
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
export function scaledDotProductAttention(q: Tensor, k: Tensor, v: Tensor, options: AttentionOptions = {}): Tensor {
  const owner = 'nn.functional.scaledDotProductAttention'
  checkOptions(owner, options, schemas.AttentionOptions)
  const layout = options.layout ?? 'BHTD'
  const heads = layout === 'BHTD' ? 1 : 2
  if (q.ndim !== 4 || k.ndim !== 4 || v.ndim !== 4) throw notFourDimensions(owner, layout, [q, k, v])
  if (q.shape[heads] !== k.shape[heads] && !options.enableGqa) throw groupedHeads(owner, q, k)
  const scale = options.scale ?? 1 / Math.sqrt(q.shape[3] || 1)
  const dropoutP = options.dropoutP ?? 0
  const causal = causalCode(options.isCausal ?? false)
  const window = options.window ?? 0
  const softcap = options.softcap ?? 0
  return ops.sdpa(
    q,
    k,
    v,
    options.mask ?? null,
    options.lengths ?? null,
    scale,
    causal,
    dropoutP,
    layout === 'BHTD' ? 0 : 1,
    window,
    softcap,
  )
}

function causalCode(isCausal: boolean | 'top-left' | 'bottom-right'): number {
  if (isCausal === false) return 0
  return isCausal === 'bottom-right' ? 2 : 1
}

// The engine's norms run over the last dimension; several normalised ones are laid side by side first.
function overLast(
  owner: string,
  x: Tensor,
  normalizedShape: number | readonly number[],
  norm: (flat: Tensor, width: number) => Tensor,
): Tensor {
  const dims = typeof normalizedShape === 'number' ? [normalizedShape] : [...normalizedShape]
  const lead = x.shape.slice(0, x.ndim - dims.length)
  const width = dims.reduce((product, n) => product * n, 1)
  if (dims.length === 0 || x.ndim < dims.length || dims.some((n, i) => n !== x.shape[lead.length + i])) {
    throw new ShapeError({
      what: `${owner}: the last dimensions of x are not those that are normalised`,
      expected: `x (..., ${dims.join(', ')})`,
      received: `x ${show(x)}`,
      fix: 'give the sizes of the last dimensions of x as normalizedShape',
    })
  }
  if (dims.length === 1) return norm(x, width)
  return norm(x.reshape([...lead, width]), width).reshape(x.shape)
}

function flatten(weight: Tensor | null, width: number): Tensor | null {
  return weight === null || weight.ndim === 1 ? weight : weight.reshape([width])
}

function notFourDimensions(owner: string, layout: string, tensors: Tensor[]): ShapeError {
  return new ShapeError({
    what: `${owner}: q, k and v need four dimensions`,
    expected: `q, k, v (${layout.split('').join(', ')})`,
    received: tensors.map(show).join(', '),
    fix: 'split the channels into heads first: reshape([B, T, H, D])',
  })
}

function groupedHeads(owner: string, q: Tensor, k: Tensor): OptionError {
  return new OptionError({
    what: `${owner}: q and k have different numbers of heads`,
    expected: 'as many key heads as query heads, or enableGqa: true',
    received: `q ${show(q)}, k ${show(k)}`,
    fix: 'pass enableGqa: true when the key heads are shared by groups of query heads, and check the layout option',
  })
}
