// Generated from src/models/roberta/config.ts by `npm run api`. Do not edit.

import type { PostNormConfig } from '../shared/encoder-config.js'
/** The configuration of a RoBERTa, as in `config.json`. */
export interface RobertaConfig extends PostNormConfig {
  /** Number of tokens V. @default 50265 */
  vocab_size: number
  /** Channels C. @default 768 */
  hidden_size: number
  /** Layers. @default 12 */
  num_hidden_layers: number
  /** Attention heads H; divides `hidden_size`. @default 12 */
  num_attention_heads: number
  /** Width of the part between two attentions. @default 3072 */
  intermediate_size: number
  /** Rows of the position table; the first `pad_token_id + 1` of them stand for no token. @default 512 */
  max_position_embeddings: number
  /** Kinds of token. @default 2 */
  type_vocab_size: number
  /** @default 1e-12 */
  layer_norm_eps: number
  /** The token that fills short rows: it has no position. @default 1 */
  pad_token_id: number
  /** @default 0 */
  bos_token_id: number | null
  /** @default 2 */
  eos_token_id: number | null
  /** Dropout around the dense layer of a classification head, in training; null is `hidden_dropout_prob`. @default null */
  classifier_dropout: number | null
}
