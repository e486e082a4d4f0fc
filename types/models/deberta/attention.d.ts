// Generated from src/models/deberta/attention.ts by `npm run api`. Do not edit.

import { Dropout } from '../../nn/dropout.js'
import { Module } from '../../nn/module.js'
import type { Tensor } from '../../tensor/tensor.js'
import type { Alignment } from './alignment.js'
import type { DebertaV2Config } from './config.js'
import type { KeyMask } from '../shared/encoder-input.js'
import type { Layer } from '../shared/parts.js'
import type { WeightSource } from '../shared/pretrained.js'
import type { RelativeRows } from './relative-positions.js'
/** What attention in a layer needs besides its input. */
export interface DebertaContext {
  keys: KeyMask
  /** In a packed batch, its sequences as rows. */
  alignment: Alignment | null
  /** The keys to attend to, (B, 1, 1, S) bool; null for all. */
  mask: Tensor | null
  /** The embedding of each distance; null without relative attention. */
  relative: RelativeRows | null
}
/**
 * `softmax((q kᵀ + q Pkᵀ[δ] + k Pqᵀ[δ]) / √(D · terms)) v`: besides the scores of contents, there are scores of queries with distances δ (c2p) and of keys with distances (p2c).
 * `Pk` and `Pq` are the embeddings of distances, projected. Each token has a score for each of the 2S − 1 distances; pairs read theirs by {@link skew}, so that
 * nothing of size (T, S, D) is made. The weights (B, H, T, S) are kept for backward.
 */
export declare class DisentangledSelfAttention extends Module {
  query_proj: Layer
  key_proj: Layer
  value_proj: Layer
  pos_key_proj: Layer | null
  pos_query_proj: Layer | null
  pos_dropout: Dropout
  dropout: Dropout
  private readonly heads
  private readonly types
  constructor(config: DebertaV2Config, take: WeightSource)
  /** `x (B, S, C)`, of which all tokens are queries, or with `onlyFirst` the first of each row → (B, S or 1, C). `distances (2·span, C)`. */
  forward(x: Tensor, read: Tensor, context: DebertaContext, distances: Tensor | null): Tensor
  /** Adds the scores by distance, read at the distance of each pair. `used (1, P, C)` are the embeddings of distances that occur. */
  private addDistances
  /** Terms of the scores, which share their variance. */
  private get terms()
  /** (B, T, C) → (B, H, T, D). */
  private split
}
