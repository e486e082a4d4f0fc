// Generated from src/nn/multihead-attention.ts by `npm run api`. Do not edit.

import type { Tensor } from '../tensor/tensor.js'
import { Module } from './module.js'
import type { PlacementOptions } from '../runtime/options.js'
/** Options of {@link MultiheadAttention}. */
export interface MultiheadAttentionOptions extends PlacementOptions {
  /** Probability of dropping an attention weight, in training. @minimum 0 @maximum 1 @default 0 */
  dropout?: number
  /** Biases of all projections. @default true */
  bias?: boolean
  /** Width of the keys. @integer @minimum 1 @default embedDim */
  kdim?: number
  /** Width of the values. @integer @minimum 1 @default embedDim */
  vdim?: number
  /** Inputs lie as (B, T, C), not (T, B, C). @default false */
  batchFirst?: boolean
  /** Not supported: true is an error. @default false */
  addBiasKv?: boolean
  /** Not supported: true is an error. @default false */
  addZeroAttn?: boolean
}
/** Options of {@link MultiheadAttention.forward}. Masks say what to leave out, the other way round than in `scaledDotProductAttention`. */
export interface MultiheadAttentionForwardOptions {
  /** (B, S), or (S) for unbatched input: bool, true = ignore the key; or floating, added to the scores. @default none */
  keyPaddingMask?: Tensor | null
  /** (T, S), or (B·numHeads, T, S): bool, true = must not attend; or floating, added to the scores. @default none */
  attnMask?: Tensor | null
  /** Query t attends to keys 0..t, besides what the masks leave out. @default false */
  isCausal?: boolean
  /** Return the attention weights too, which forms the (T, S) matrix: false is faster. @default true */
  needWeights?: boolean
  /** Return the mean of the weights over the heads, not each head's. @default true */
  averageAttnWeights?: boolean
}
/** Ready-made tensors and layers for a new attention. */
export interface AttentionParts {
  weights: ProjectionWeights
  in_proj_bias: Tensor | null
  out_proj: DenseLayer
}
/** One weight for q, k and v, or three. */
export type ProjectionWeights =
  | {
      in_proj_weight: Tensor
    }
  | {
      q_proj_weight: Tensor
      k_proj_weight: Tensor
      v_proj_weight: Tensor
    }
type DenseLayer = {
  forward(x: Tensor): Tensor
  weight: Tensor
  bias: Tensor | null
} & Module
/**
 * Attention with several heads and its projections: `out_proj(concat_h softmax(q_h k_hᵀ / √D + mask) v_h)`.
 *
 * Shapes: `query (T, B, C)`, `key (S, B, kdim)`, `value (S, B, vdim)` → output `(T, B, C)`, weights `(B, T, S)`, or `(B, H, T, S)` for each
 * head; with `batchFirst` B comes first; without B everywhere for unbatched input. Parameters have PyTorch's names: `in_proj_weight (3C, C)`,
 * or `q_proj_weight`, `k_proj_weight`, `v_proj_weight` when `kdim` or `vdim` is not C; `in_proj_bias (3C)`, `out_proj.weight`, `out_proj.bias`.
 * Init: projections of the input Xavier-uniform, `out_proj` as `nn.Linear`, biases 0. A query that may attend to no key gets zeros (plus the
 * bias of `out_proj`), where PyTorch gives NaN.
 *
 * @example
 * const attn = new nn.MultiheadAttention(512, 8, { batchFirst: true })
 * const [y, weights] = attn.forward(x)                                   // self-attention
 * const [z] = attn.forward(x, memory, memory, { keyPaddingMask, needWeights: false })
 * @throws {OptionError} when `numHeads` does not divide `embedDim`, and for options that are not usable.
 * @throws {UnsupportedError} for `addBiasKv` and `addZeroAttn`.
 * @throws {ShapeError} when inputs or masks do not fit.
 */
export declare class MultiheadAttention extends Module {
  readonly embedDim: number
  readonly numHeads: number
  readonly kdim: number
  readonly vdim: number
  readonly dropout: number
  readonly batchFirst: boolean
  in_proj_weight: Tensor | null
  q_proj_weight: Tensor | null
  k_proj_weight: Tensor | null
  v_proj_weight: Tensor | null
  in_proj_bias: Tensor | null
  out_proj: DenseLayer
  /** @param parts for internal use: what `fromLayer` takes over */
  constructor(embedDim: number, numHeads: number, options?: MultiheadAttentionOptions, parts?: AttentionParts)
  /** Returns the output and, unless `needWeights` is false, the attention weights. */
  forward(
    query: Tensor,
    key?: Tensor,
    value?: Tensor,
    options?: MultiheadAttentionForwardOptions,
  ): [output: Tensor, weights: Tensor | null]
  private attend
  private checkInputs
  extraRepr(): string
}
export {}
