// Generated from src/models/shared/rotary-attention.ts by `npm run api`. Do not edit.

import { Dropout } from '../../nn/dropout.js'
import { Module } from '../../nn/module.js'
import type { RMSNorm } from '../../nn/rms-norm.js'
import type { Tensor } from '../../tensor/tensor.js'
import type { AttentionContext } from './decoder.js'
import type { Layer, NormMaker } from './parts.js'
import type { WeightSource } from './pretrained.js'
import type { Rotation } from './rotary.js'
/** What the blocks need besides their input. */
export interface RotaryContext extends AttentionContext {
  /** One per kind of block: Gemma 3 rotates by other angles in blocks with a window. */
  rotations: readonly Rotation[]
}
/** The attention of one block. */
export interface RotaryAttentionOptions {
  /** Index of the block. */
  index: number
  /** Channels C. */
  width: number
  /** Query heads H. */
  heads: number
  /** Heads of keys and values Hkv. */
  keyHeads: number
  /** Head size D. */
  headDim: number
  /** Standard deviation of fresh weights. */
  std: number
  /** Dropout of the attention weights. */
  dropout: number
  /** Factor of q·k. */
  scale: number
  /** Cap of the scores, or null. */
  softcap: number | null
  /** Length of the sliding window, or null for none. */
  window: number | null
  /** Index of its rotation in the context. */
  rotary: number
  /** The projections of q, k and v have a bias. */
  queryBias: boolean
  /** The output projection has a bias. */
  outputBias: boolean
  /** The norm of each head of q and k before the rotation; null for none. */
  headNorm: NormMaker | null
}
/** Attention with a projection each for q, k and v, in which groups of query heads share a head of keys and values. */
export declare class RotaryAttention extends Module {
  q_proj: Layer
  k_proj: Layer
  v_proj: Layer
  o_proj: Layer
  q_norm: RMSNorm | null
  k_norm: RMSNorm | null
  dropout: Dropout
  private readonly options
  constructor(options: RotaryAttentionOptions, take: WeightSource)
  forward(x: Tensor, context: RotaryContext): Tensor
}
/** {@link RotaryAttention} with one projection for q, k and v. */
export declare class FusedAttention extends Module {
  qkv_proj: Layer
  o_proj: Layer
  dropout: Dropout
  private readonly options
  constructor(options: RotaryAttentionOptions, take: WeightSource)
  forward(x: Tensor, context: RotaryContext): Tensor
}
