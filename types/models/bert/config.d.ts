// Generated from src/models/bert/config.ts by `npm run api`. Do not edit.

import type { PostNormConfig } from '../shared/encoder-config.js'
/** The configuration of a BERT, as in `config.json`. */
export interface BertConfig extends PostNormConfig {
  /** Number of tokens V. @default 30522 */
  vocab_size: number
  /** Channels C. @default 768 */
  hidden_size: number
  /** Layers. @default 12 */
  num_hidden_layers: number
  /** Attention heads H; divides `hidden_size`. @default 12 */
  num_attention_heads: number
  /** Width of the part between two attentions. @default 3072 */
  intermediate_size: number
  /** Kinds of token: first and second sentence. @default 2 */
  type_vocab_size: number
  /** @default 1e-12 */
  layer_norm_eps: number
  /** The token that fills short rows; its row of the embedding starts at 0. @default 0 */
  pad_token_id: number | null
  /** Dropout in front of a classification layer, in training; null is `hidden_dropout_prob`. @default null */
  classifier_dropout: number | null
}
