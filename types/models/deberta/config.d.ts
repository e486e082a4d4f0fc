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
  /** Width of the MLP of a layer. @default 6144 */
  intermediate_size: number
  /** Number of token types; 0 for a model without. @default 0 */
  type_vocab_size: number
  /** Added to the variance in norms. @default 1e-7 */
  layer_norm_eps: number
  /** The token that pads short rows; its row of the embedding starts at 0. @default 0 */
  pad_token_id: number | null
  /** Attention uses the distance between tokens. @default false */
  relative_attention: boolean
  /** Largest distance; below 1 it is `max_position_embeddings`. @default -1 */
  max_relative_positions: number
  /** Number of embeddings of distances on either side, which far distances share by their logarithm; below 1 each distance has its own. @default -1 */
  position_buckets: number
  /** Scores by distance: `c2p`, queries with distances, and `p2c`, keys with distances. Files have a list, or a string with `|`. @default none */
  pos_att_type: string | readonly string[] | null
  /** Embeddings of distances use the projections of tokens. @default false */
  share_att_key: boolean
  /** `layer_norm` for a norm on the embeddings of distances, `none`. @default 'none' */
  norm_rel_ebd: string
  /** There are embeddings of absolute positions, too. @default true */
  position_biased_input: boolean
  /** Kernel size of a convolution beside the first layer, an odd number; 0 for none. @default 0 */
  conv_kernel_size: number
  /** Groups of channels in the convolution. @default 1 */
  conv_groups: number
  /** Activation after the convolution. @default 'tanh' */
  conv_act: string
  /** Dropout before the dense layer of a classification head, in training. @default 0 */
  pooler_dropout: number
  /** Activation of the dense layer of a classification head. @default 'gelu' */
  pooler_hidden_act: string
  /** Dropout before a classification layer, in training; null is `hidden_dropout_prob`. @default null */
  cls_dropout: number | null
}
