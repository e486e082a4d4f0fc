// Disentangled attention (He et al. 2021): scores of contents and scores of distances, added.
import * as ops from '../../generated/ops.js'
import { Dropout } from '../../nn/dropout.js'
import { Module } from '../../nn/module.js'
import type { Tensor } from '../../tensor/tensor.js'
import type { Alignment } from './alignment.js'
import { positionTypes } from './config.js'
import type { DebertaV2Config } from './config.js'
import { pickFirst } from '../shared/encoder-input.js'
import type { KeyMask } from '../shared/encoder-input.js'
import { linear } from '../shared/parts.js'
import type { Layer } from '../shared/parts.js'
import type { WeightSource } from '../shared/pretrained.js'
import { skew } from './relative-positions.js'
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

/** Smaller than any score. */
const NEVER = -3e38

/**
 * `softmax((q kᵀ + q Pkᵀ[δ] + k Pqᵀ[δ]) / √(D · terms)) v`: besides the scores of contents, there are scores of queries with distances δ (c2p) and of keys with distances (p2c).
 * `Pk` and `Pq` are the embeddings of distances, projected. Each token has a score for each of the 2S − 1 distances; pairs read theirs by {@link skew}, so that
 * nothing of size (T, S, D) is made. The weights (B, H, T, S) are kept for backward.
 */
export class DisentangledSelfAttention extends Module {
  query_proj: Layer
  key_proj: Layer
  value_proj: Layer
  pos_key_proj: Layer | null = null
  pos_query_proj: Layer | null = null
  pos_dropout: Dropout
  dropout: Dropout
  private readonly heads: number
  private readonly types: { c2p: boolean; p2c: boolean }

  constructor(config: DebertaV2Config, take: WeightSource) {
    super()
    const { hidden_size: C, initializer_range: std } = config
    this.heads = config.num_attention_heads
    this.types = positionTypes(config)
    this.query_proj = linear(take, 'query_proj', C, C, std)
    this.key_proj = linear(take, 'key_proj', C, C, std)
    this.value_proj = linear(take, 'value_proj', C, C, std)
    if (config.relative_attention && !config.share_att_key) {
      if (this.types.c2p) this.pos_key_proj = linear(take, 'pos_key_proj', C, C, std)
      if (this.types.p2c) this.pos_query_proj = linear(take, 'pos_query_proj', C, C, std)
    }
    this.pos_dropout = new Dropout(config.hidden_dropout_prob)
    this.dropout = new Dropout(config.attention_probs_dropout_prob)
  }

  /** `x (B, S, C)`, of which all tokens are queries, or with `onlyFirst` the first of each row → (B, S or 1, C). `distances (2·span, C)`. */
  override forward(x: Tensor, read: Tensor, context: DebertaContext, distances: Tensor | null): Tensor {
    const { alignment, mask, relative } = context
    const rows = (y: Tensor) => this.split(alignment ? alignment.spread(y) : y)
    const onlyFirst = read !== x
    const asked = this.query_proj.forward(read)
    const q = onlyFirst ? this.split(asked.reshape([-1, 1, asked.shape[2]!])) : rows(asked) // (B, H, T, D)
    const k = rows(this.key_proj.forward(x)) // (B, H, S, D)
    const v = rows(this.value_proj.forward(x))
    const scale = 1 / Math.sqrt(q.shape[3]! * this.terms)
    let scores = ops.matmul(q.mul(scale), k, false, true) // (B, H, T, S)
    if (relative !== null && distances !== null) {
      const used = this.pos_dropout.forward(distances.narrow(0, relative.from, relative.count))
      scores = this.addDistances(scores, q, k, relative, used.unsqueeze(0), scale)
    }
    if (mask !== null) scores = scores.maskedFill(mask.logicalNot(), NEVER)
    const weights = this.dropout.forward(scores.softmax(-1))
    const y = ops.matmul(weights, v, false, false).transpose(1, 2) // (B, T, H, D)
    const flat = y.reshape([y.shape[0]!, y.shape[1]!, read.shape[2]!]) // (B, T, C)
    return alignment && !onlyFirst ? alignment.take(flat) : flat.reshape(read.shape)
  }

  /** Adds the scores by distance, read at the distance of each pair. `used (1, P, C)` are the embeddings of distances that occur. */
  private addDistances(
    scores: Tensor,
    q: Tensor,
    k: Tensor,
    { ascending, descending }: RelativeRows,
    used: Tensor,
    scale: number,
  ): Tensor {
    const [B = 0, H = 0, T = 0, S = 0] = scores.shape
    // A single query is the first token of its row: its distances are 0 to −(S − 1).
    const fromFirst = T < S ? descending.narrow(0, S - 1, S) : null
    const all = (projection: Layer, rows: Tensor) =>
      this.split(projection.forward(used).mul(scale).indexSelect(1, rows)) // (1, H, 2S − 1 or S, D)
    let sum = scores
    if (this.types.c2p) {
      const byDistance = ops.matmul(q, all(this.pos_key_proj ?? this.key_proj, fromFirst ?? descending), false, true)
      sum = sum.add(fromFirst ? byDistance : skew(byDistance))
    }
    if (this.types.p2c) {
      const queries = all(this.pos_query_proj ?? this.query_proj, fromFirst ?? ascending)
      const byDistance = fromFirst
        ? k.mul(queries).sum(-1).reshape([B, H, T, S])
        : skew(ops.matmul(k, queries, false, true)).transpose(2, 3)
      sum = sum.add(byDistance)
    }
    return sum
  }

  /** Terms of the scores, which share their variance. */
  private get terms(): number {
    return 1 + Number(this.types.c2p) + Number(this.types.p2c)
  }

  /** (B, T, C) → (B, H, T, D). */
  private split(y: Tensor): Tensor {
    const [B = 0, T = 0, C = 0] = y.shape
    return y.reshape([B, T, this.heads, C / this.heads]).transpose(1, 2)
  }
}

/** The queries of a layer: all tokens, or the first of each row where nothing else is read. */
export function askingTokens(x: Tensor, { keys }: DebertaContext, onlyFirst: boolean): Tensor {
  return onlyFirst ? pickFirst(x, keys) : x
}
