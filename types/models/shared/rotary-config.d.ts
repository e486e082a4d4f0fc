// Generated from src/models/shared/rotary-config.ts by `npm run api`. Do not edit.

import type { RopeParameters } from './rotary-frequencies.js'
/** Fields of `config.json` that every decoder with rotary positions has. */
export interface RotaryDecoderConfig {
  /** Number of tokens V. */
  vocab_size: number
  /** Channels C. */
  hidden_size: number
  /** Width of the MLP. */
  intermediate_size: number
  /** Blocks. */
  num_hidden_layers: number
  /** Query heads H. */
  num_attention_heads: number
  /** Heads of keys and values, a divisor of `num_attention_heads`; null for the same number. */
  num_key_value_heads: number
  /** Head size D, even; null for hidden_size / num_attention_heads. */
  head_dim: number
  /** Longest sequence that the model supports. */
  max_position_embeddings: number
  /** Added to the mean square in norms. */
  rms_norm_eps: number
  /** Standard deviation of fresh weights. @default 0.02 */
  initializer_range: number
  /** Dropout on the attention weights, in training. @default 0 */
  attention_dropout: number
  /** The head shares the weight of the token embedding. */
  tie_word_embeddings: boolean
  /** Rotary positions, as transformers 5 writes them. @default `rope_scaling` and `rope_theta` */
  rope_parameters?: RopeParameters | null
  /** Base of the rotary frequencies, as earlier releases write it. */
  rope_theta?: number
  /** How the frequencies are scaled, as earlier releases write it; takes precedence over `rope_parameters`. @default not scaled */
  rope_scaling?: RopeParameters | null
  bos_token_id: number | null
  /** Where generation stops. */
  eos_token_id: number | number[] | null
  /** The row of the token embedding that starts at 0 and gets no gradient through it. */
  pad_token_id: number | null
  [other: string]: unknown
}
