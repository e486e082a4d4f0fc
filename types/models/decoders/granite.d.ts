// Generated from src/models/decoders/granite.ts by `npm run api`. Do not edit.

import { RotaryCausalLM } from '../shared/rotary-causal-lm.js'
import type { RotaryDecoderConfig } from '../shared/rotary-config.js'
import { RotaryDecoder } from '../shared/rotary-decoder.js'
/**
 * The configuration of a Granite, as in `config.json`. Defaults as in transformers: `vocab_size` 32000, `hidden_size` 4096, `intermediate_size` 11008,
 * 32 blocks and heads, `max_position_embeddings` 2048, `rms_norm_eps` 1e-6, `bos_token_id` 1, `eos_token_id` 2.
 */
export interface GraniteConfig extends RotaryDecoderConfig {
  /** `silu`, or another of the activations that config files name. @default 'silu' */
  hidden_act: string
  /** The projections of attention have a bias. @default false */
  attention_bias: boolean
  /** The layers of the MLP have a bias. @default false */
  mlp_bias: boolean
  /** Factor of the token embeddings. @default 1 */
  embedding_multiplier: number
  /** Factor of what attention and MLP add to the hidden states. @default 1 */
  residual_multiplier: number
  /** Factor of q·k, in place of 1/√head_dim. @default 1 */
  attention_multiplier: number
  /** Logits are divided by it. @default 1 */
  logits_scaling: number
}
/** Granite without a head: Llama with a factor each for embeddings, residual branches and attention scores. @see {@link RotaryDecoder} */
export declare class GraniteModel extends RotaryDecoder<GraniteConfig> {}
/** Granite 3 of IBM with a language-model head, whose logits are divided by `logits_scaling`. @see {@link RotaryCausalLM} */
export declare class GraniteForCausalLM extends RotaryCausalLM<GraniteModel> {}
