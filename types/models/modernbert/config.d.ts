// Generated from src/models/modernbert/config.ts by `npm run api`. Do not edit.

import type { LabelsConfig } from '../shared/labels-config.js'
import type { RopeParameters } from '../shared/rotary.js'
/** Which tokens a layer looks at: all, or those near by. */
export type ModernBertLayerType = 'full_attention' | 'sliding_attention'
/** The configuration of a ModernBERT, as in `config.json`. */
export interface ModernBertConfig extends LabelsConfig {
  /** Number of tokens V. @default 50368 */
  vocab_size: number
  /** Channels C. @default 768 */
  hidden_size: number
  /** Width of the gated part between two attentions. @default 1152 */
  intermediate_size: number
  /** Layers. @default 22 */
  num_hidden_layers: number
  /** Attention heads H; divides `hidden_size`. @default 12 */
  num_attention_heads: number
  /** `gelu`, `gelu_new`, `gelu_pytorch_tanh`, `relu`, `silu` or `tanh`. @default 'gelu' */
  hidden_activation: string
  /** The length that the model is made for; positions are rotary and have no table. @default 8192 */
  max_position_embeddings: number
  /** Standard deviation of fresh weights. @default 0.02 */
  initializer_range: number
  /** Fresh weights stay within so many standard deviations. @default 2 */
  initializer_cutoff_factor: number
  /** @default 1e-5 */
  norm_eps: number
  /** @default false */
  norm_bias: boolean
  /** @default 50283 */
  pad_token_id: number | null
  /** Biases of the projections of attention. @default false */
  attention_bias: boolean
  /** Dropout on the attention weights and on what attention adds, in training. @default 0 */
  attention_dropout: number
  /** One layer in so many looks at all tokens, from the first on. @default 3 */
  global_attn_every_n_layers: number
  /** What each layer looks at. @default by `global_attn_every_n_layers` */
  layer_types: readonly ModernBertLayerType[]
  /** How many tokens the others look at: half of them on either side, and their own. @default 128 */
  local_attention: number
  /** Rotary positions of both kinds of layer. @default `global_rope_theta`, `local_rope_theta` */
  rope_parameters?: Partial<Record<ModernBertLayerType, RopeParameters>> | null
  /** Base of the frequencies in layers that look at all tokens. @default 160000 */
  global_rope_theta?: number
  /** Base of the frequencies in the others; null is `global_rope_theta`. @default 10000 */
  local_rope_theta?: number | null
  /** In training. @default 0 */
  embedding_dropout: number
  /** @default false */
  mlp_bias: boolean
  /** In training. @default 0 */
  mlp_dropout: number
  /** The head that predicts tokens has a bias. @default true */
  decoder_bias: boolean
  /** A classification head reads the first token (`cls`) or the mean of all (`mean`). @default 'cls' */
  classifier_pooling: 'cls' | 'mean'
  /** Dropout in front of a classification layer, in training. @default 0 */
  classifier_dropout: number
  /** Bias of the dense layer of a head. @default false */
  classifier_bias: boolean
  /** @default 'gelu' */
  classifier_activation: string
  /** @default true */
  tie_word_embeddings: boolean
  [other: string]: unknown
}
