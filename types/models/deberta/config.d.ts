// Generated from src/models/deberta/config.ts by `npm run api`. Do not edit.

import type { PostNormConfig } from '../shared/encoder-config.js'
/** The configuration of a DeBERTa v2 or v3, as in `config.json`. */
export interface DebertaV2Config extends PostNormConfig {
  /** Number of tokens V. @default 128100 */
  vocab_size: number
  /** Channels C. @default 1536 */
  hidden_size: number
  /** Layers. @default 24 */
  num_hidden_layers: number
  /** Attention heads H; divides `hidden_size`. @default 24 */
  num_attention_heads: number
  /** Width of the part between two attentions. @default 6144 */
  intermediate_size: number
  /** Kinds of token; 0 for a model that knows none. @default 0 */
  type_vocab_size: number
  /** @default 1e-7 */
  layer_norm_eps: number
  /** The token that fills short rows; its row of the embedding starts at 0. @default 0 */
  pad_token_id: number | null
  /** Attention knows how far two tokens are apart. @default false */
  relative_attention: boolean
  /** Largest distance; below 1 it is `max_position_embeddings`. @default -1 */
  max_relative_positions: number
  /** Distances share this many embeddings on either side, far ones by their logarithm; below 1 each has its own. @default -1 */
  position_buckets: number
  /** What distances add to the scores: `c2p`, tokens ask for distances, and `p2c`, distances ask for tokens. Files hold a list, or text with `|`. @default none */
  pos_att_type: string | readonly string[] | null
  /** Distances go through the projections of tokens. @default false */
  share_att_key: boolean
  /** `layer_norm` for a norm on the embeddings of distances, `none`. @default 'none' */
  norm_rel_ebd: string
  /** Tokens get embeddings of their absolute positions, too. @default true */
  position_biased_input: boolean
  /** Taps of a convolution beside the first layer, an odd number; 0 for none. @default 0 */
  conv_kernel_size: number
  /** Groups of channels in the convolution. @default 1 */
  conv_groups: number
  /** @default 'tanh' */
  conv_act: string
  /** Dropout in front of the dense layer of a classification head, in training. @default 0 */
  pooler_dropout: number
  /** @default 'gelu' */
  pooler_hidden_act: string
  /** Dropout in front of a classification layer, in training; null is `hidden_dropout_prob`. @default null */
  cls_dropout: number | null
}
