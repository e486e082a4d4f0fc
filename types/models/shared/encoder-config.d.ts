// Generated from src/models/shared/encoder-config.ts by `npm run api`. Do not edit.

import type { LabelsConfig } from './labels-config.js'
/** Fields of `config.json` that all encoders with post-norms have: a norm after each half of a layer. */
export interface PostNormConfig extends LabelsConfig {
  /** Number of tokens V. */
  vocab_size: number
  /** Channels C. */
  hidden_size: number
  /** Layers. */
  num_hidden_layers: number
  /** Attention heads H; divides `hidden_size`. */
  num_attention_heads: number
  /** Width of the MLP of a layer. */
  intermediate_size: number
  /** `gelu`, `gelu_new`, `gelu_pytorch_tanh`, `relu`, `silu` or `tanh`. @default 'gelu' */
  hidden_act: string
  /** Dropout on the embeddings and on the output of each half of a layer, in training. @default 0.1 */
  hidden_dropout_prob: number
  /** Dropout on the attention weights, in training. @default 0.1 */
  attention_probs_dropout_prob: number
  /** Rows of the position table. @default 512 */
  max_position_embeddings: number
  /** Number of token types. */
  type_vocab_size: number
  /** Standard deviation of fresh weights. @default 0.02 */
  initializer_range: number
  /** Added to the variance in norms. */
  layer_norm_eps: number
  /** A head that predicts tokens shares the weight of the token embedding. @default true */
  tie_word_embeddings: boolean
  [other: string]: unknown
}
/** Fields of BERT and RoBERTa beyond those. */
export interface BertFields extends PostNormConfig {
  /** Channels C. @default 768 */
  hidden_size: number
  /** Layers. @default 12 */
  num_hidden_layers: number
  /** Attention heads H; divides `hidden_size`. @default 12 */
  num_attention_heads: number
  /** Width of the MLP of a layer. @default 3072 */
  intermediate_size: number
  /** Number of token types: first and second sentence. @default 2 */
  type_vocab_size: number
  /** Added to the variance in norms. @default 1e-12 */
  layer_norm_eps: number
  /** The token that pads short rows. */
  pad_token_id: number | null
  /** Dropout before the dense layers of a classification head, in training; null is `hidden_dropout_prob`. @default null */
  classifier_dropout: number | null
}
export {}
