// Generated from src/models/llama/config.ts by `npm run api`. Do not edit.

import type { RotaryDecoderConfig } from '../shared/rotary-config.js'
/**
 * The configuration of a Llama, as in `config.json`. Defaults are those of Llama 1 with 7 billion weights: `vocab_size` 32000, `hidden_size` 4096,
 * `intermediate_size` 11008, 32 blocks and heads, `max_position_embeddings` 2048, `rms_norm_eps` 1e-6, `bos_token_id` 1, `eos_token_id` 2.
 */
export interface LlamaConfig extends RotaryDecoderConfig {
  /** `silu`, or another of the activations that config files name. @default 'silu' */
  hidden_act: string
  /** The projections of attention have a bias. @default false */
  attention_bias: boolean
  /** The layers of the MLP have a bias. @default false */
  mlp_bias: boolean
}
