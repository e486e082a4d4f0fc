// Generated from src/models/modernbert/config.ts by `npm run api`. Do not edit.

import type { LabelsConfig } from '../shared/labels-config.js'
import type { RopeParameters } from '../shared/rotary-frequencies.js'
/** Which tokens a layer attends to: all, or those nearby. */
export type ModernBertLayerType = 'full_attention' | 'sliding_attention'
/** The configuration of a ModernBERT, as in `config.json`. */
export interface ModernBertConfig extends LabelsConfig {
  /** Number of tokens V. @default 50368 */
  vocab_size: number
  /** Channels C. @default 768 */
  hidden_size: number
  /** Width of the gated MLP of a layer. @default 1152 */
  intermediate_size: number
  /** Layers. @default 22 */
  num_hidden_layers: number
  /** Attention heads H; divides `hidden_size`. @default 12 */
  num_attention_heads: number
  /** `gelu`, `gelu_new`, `gelu_pytorch_tanh`, `relu`, `silu` or `tanh`. @default 'gelu' */
  hidden_activation: string
  /** Longest sequence that the model supports; positions are rotary and have no table. @default 8192 */
  max_position_embeddings: number
  /** Standard deviation of fresh weights. @default 0.02 */
  initializer_range: number
  /** Fresh weights are truncated to this many standard deviations. @default 2 */
  initializer_cutoff_factor: number
  /** Added to the variance in norms. @default 1e-5 */
  norm_eps: number
  /** Norms have a bias. @default false */
  norm_bias: boolean
  /** The token that pads short rows. @default 50283 */
  pad_token_id: number | null
  /** Biases of the projections of attention. @default false */
  attention_bias: boolean
  /** Dropout on the attention weights and on the output of attention, in training. @default 0 */
  attention_dropout: number
  /** One layer in this many attends to all tokens, from the first on. @default 3 */
  global_attn_every_n_layers: number
  /** Which tokens each layer attends to. @default by `global_attn_every_n_layers` */
  layer_types: readonly ModernBertLayerType[]
  /** How many tokens the others attend to: half of them on either side, and the token itself. @default 128 */
  local_attention: number
  /** Rotary positions of the two kinds of layers. @default `global_rope_theta`, `local_rope_theta` */
  rope_parameters?: Partial<Record<ModernBertLayerType, RopeParameters>> | null
  /** Base of the frequencies in layers that attend to all tokens. @default 160000 */
  global_rope_theta?: number
  /** Base of the frequencies in the others; null is `global_rope_theta`. @default 10000 */
  local_rope_theta?: number | null
  /** Dropout on the embeddings, in training. @default 0 */
  embedding_dropout: number
  /** The layers of the MLP have a bias. @default false */
  mlp_bias: boolean
  /** Dropout in the MLP, in training. @default 0 */
  mlp_dropout: number
  /** The head that predicts tokens has a bias. @default true */
  decoder_bias: boolean
  /** A classification head reads the first token (`cls`) or the mean of all (`mean`). @default 'cls' */
  classifier_pooling: 'cls' | 'mean'
  /** Dropout before a classification layer, in training. @default 0 */
  classifier_dropout: number
  /** Bias of the dense layer of a head. @default false */
  classifier_bias: boolean
  /** Activation of the dense layer of a head. @default 'gelu' */
  classifier_activation: string
  /** A head that predicts tokens shares the weight of the token embedding. @default true */
  tie_word_embeddings: boolean
  [other: string]: unknown
}
