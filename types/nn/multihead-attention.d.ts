// Generated from src/nn/multihead-attention.ts by `npm run api`. Do not edit.

import type { Tensor } from '../tensor/tensor.js'
import { Module } from './module.js'
import type { PlacementOptions } from '../runtime/options.js'
/** Options of {@link MultiheadAttention}. */
export interface MultiheadAttentionOptions extends PlacementOptions {
  /** Dropout probability of the attention weights, in training. @minimum 0 @maximum 1 @default 0 */
  dropout?: number
  /** Add a bias to all projections. @default true */
  bias?: boolean
  /** Size of the last dimension of the keys. @integer @minimum 1 @default embedDim */
  kdim?: number
  /** Size of the last dimension of the values. @integer @minimum 1 @default embedDim */
  vdim?: number
  /** Inputs and output are (B, T, C) instead of (T, B, C). @default false */
  batchFirst?: boolean
  /** Not supported: true is an error. @default false */
  addBiasKv?: boolean
  /** Not supported: true is an error. @default false */
  addZeroAttn?: boolean
}
/** Options of {@link MultiheadAttention.forward}. In masks true means ignore, the opposite of `scaledDotProductAttention`. */
export interface MultiheadAttentionForwardOptions {
  /** (B, S), or (S) for unbatched input: bool, true = ignore the key; or floating-point, added to the scores. @default none */
  keyPaddingMask?: Tensor | null
  /** (T, S), or (B·numHeads, T, S): bool, true = must not attend; or floating-point, added to the scores. @default none */
  attnMask?: Tensor | null
  /** Causal attention: query t attends to keys 0..t, except those that the masks exclude. @default false */
  isCausal?: boolean
  /** Also return the attention weights, which materializes the (T, S) matrix: false is faster. @default true */
  needWeights?: boolean
  /** Return the mean of the weights over the heads instead of the weights of each head. @default true */
  averageAttnWeights?: boolean
}
/** Existing tensors and layers for a new attention. */
export interface AttentionParts {
  /** The weights of the q, k and v projections. */
  weights: ProjectionWeights
  /** The bias of these projections, or null. */
  in_proj_bias: Tensor | null
  /** The output projection. */
  out_proj: DenseLayer
}
/** The weights of the q, k and v projections: one fused weight, or three. */
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
 * Multi-head attention with its projections: `out_proj(concat_h softmax(q_h k_hᵀ / √D + mask) v_h)`.
 *
 * Shapes: `query (T, B, C)`, `key (S, B, kdim)`, `value (S, B, vdim)` → output `(T, B, C)`, weights `(B, T, S)`, or `(B, H, T, S)` for each
 * head; with `batchFirst` B comes first; without B everywhere for unbatched input. Parameters have PyTorch's names: `in_proj_weight (3C, C)`,
 * or `q_proj_weight`, `k_proj_weight`, `v_proj_weight` when `kdim` or `vdim` is not C; `in_proj_bias (3C)`, `out_proj.weight`, `out_proj.bias`.
 * Init: projections of the input Xavier-uniform, `out_proj` as `nn.Linear`, biases 0. A query with all keys masked gets zeros (plus the bias of
 * `out_proj`), where PyTorch gives NaN.
 *
 * @example
 * const attn = new nn.MultiheadAttention(512, 8, { batchFirst: true })
 * const [y, weights] = attn.forward(x)                                   // self-attention
 * const [z] = attn.forward(x, memory, memory, { keyPaddingMask, needWeights: false })
 * @throws {OptionError} when `numHeads` does not divide `embedDim`, and for invalid options.
 * @throws {UnsupportedError} for `addBiasKv` and `addZeroAttn`.
 * @throws {ShapeError} when the shapes of inputs or masks do not match.
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
  /** @param parts for internal use: the tensors and the output projection of the layer given to `fromLayer` */
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
