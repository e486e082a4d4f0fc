// Generated from src/models/shared/token-embeddings.ts by `npm run api`. Do not edit.

import { Dropout } from '../../nn/dropout.js'
import type { LayerNorm } from '../../nn/layer-norm.js'
import { Module } from '../../nn/module.js'
import type { Tensor } from '../../tensor/tensor.js'
import type { EncoderOptions } from './encoder-input.js'
import type { Ids } from '../../generation/ids.js'
import type { Packing } from './packing.js'
import type { WeightSource } from './pretrained.js'
type Table = {
  forward(ids: Tensor): Tensor
} & Module
/** The fields of a configuration that embeddings read. */
export interface EmbeddingsConfig {
  vocab_size: number
  hidden_size: number
  max_position_embeddings: number
  type_vocab_size: number
  pad_token_id: number | null
  initializer_range: number
  layer_norm_eps: number
  hidden_dropout_prob: number
}
/** How positions of tokens are determined. */
export interface Positions {
  /** The position of padding, whose row starts at 0 and is not trained; null where there is none. */
  padding: number | null
  /** The position of each token, (B, T), or of the tokens of all rows, (1, T). */
  of(given: Ids, ids: Tensor, options: EncoderOptions): Tensor
}
/** `dropout(norm(word + position + token type))`, without the tables that an architecture does not have. */
export declare class TokenEmbeddings extends Module {
  private readonly owner
  private readonly config
  private readonly positions
  word_embeddings: Table & {
    weight: Tensor
  }
  position_embeddings: Table | null
  token_type_embeddings: Table | null
  LayerNorm: LayerNorm
  dropout: Dropout
  /** `owner` is named in errors; `positions` is null without a position table. */
  constructor(owner: string, config: EmbeddingsConfig, positions: Positions | null, take: WeightSource)
  /** (B, T, C), or with a packing (1, N, C), the tokens alone. */
  forward(inputIds: Ids, options: EncoderOptions, packing: Packing | null): Tensor
  private positionIdsOf
  /** Token types (B, T), or (1) for one type; null in a model without types. */
  private typeIdsOf
}
export {}
