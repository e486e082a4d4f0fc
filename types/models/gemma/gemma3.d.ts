// Generated from src/models/gemma/gemma3.ts by `npm run api`. Do not edit.

import type { GemmaFields } from './config.js'
import type { FreshOptions, PretrainedOptions } from '../shared/pretrained.js'
import { RotaryCausalLM } from '../shared/rotary-causal-lm.js'
import type { RotaryDecoderConfig } from '../shared/rotary-config.js'
import { RotaryDecoder } from '../shared/rotary-decoder.js'
import type { RopeParameters } from '../shared/rotary.js'
/**
 * The configuration of the text model of a Gemma 3, as in `config.json`. Defaults as in transformers: `vocab_size` 262208, `hidden_size` 2304,
 * `intermediate_size` 9216, 26 blocks, 8 heads of 256 features that share 4 of keys, `max_position_embeddings` 131072, `rms_norm_eps` 1e-6, no caps, a
 * tied head, `pad_token_id` 0, `eos_token_id` 1, `bos_token_id` 2.
 */
export interface Gemma3Config extends RotaryDecoderConfig, GemmaFields {
  /** Rotary positions of the two kinds of blocks, as transformers 5 writes them. @default `rope_theta`, `rope_scaling`, `rope_local_base_freq` */
  rope_parameters?: {
    full_attention: RopeParameters
    sliding_attention: RopeParameters
  } | null
  /** Base of the rotary frequencies in blocks without a window, as earlier releases write it. @default 1000000 */
  rope_theta?: number
  /** Base of those in blocks with a window, as earlier releases write it. @default 10000 */
  rope_local_base_freq?: number
  /** Of so many blocks the last one has no window, where `layer_types` is missing. @default 6 */
  sliding_window_pattern?: number
}
/** The text model of Gemma 3 without a head (Gemma Team 2025): Gemma 2 with norms of each head in place of caps, and rotary positions of two kinds. @see {@link RotaryDecoder} */
export declare class Gemma3Model extends RotaryDecoder<Gemma3Config> {
  constructor(
    config?: Partial<Gemma3Config>,
    options?: FreshOptions,
    take?: import('../shared/pretrained.js').WeightSource,
  )
  /** A model with fresh weights, in training mode. */
  static fromConfig(config: Partial<Gemma3Config>, options?: FreshOptions): Gemma3Model
  /** Reads a folder as {@link Gemma3ForCausalLM.fromPretrained} does, without its head. */
  static fromPretrained(dir: string, options?: PretrainedOptions): Promise<Gemma3Model>
}
/**
 * The text model of Gemma 3 with a language-model head (`model_type` gemma3_text), whose weight is that of the token embedding unless
 * `tie_word_embeddings` is false.
 *
 * Shapes: `inputIds (B, T)` → `logits (B, T, V)`, `loss ()`. Parameter names as in Hugging Face checkpoints.
 * @see {@link LlamaForCausalLM} for an example.
 */
export declare class Gemma3ForCausalLM extends RotaryCausalLM<Gemma3Model> {
  constructor(
    config?: Partial<Gemma3Config>,
    options?: FreshOptions,
    take?: import('../shared/pretrained.js').WeightSource,
  )
  /** A model with fresh weights, in training mode. */
  static fromConfig(config: Partial<Gemma3Config>, options?: FreshOptions): Gemma3ForCausalLM
  /** Reads a folder with `config.json` and its weights; the model is in evaluation mode. @see {@link LlamaForCausalLM.fromPretrained} */
  static fromPretrained(dir: string, options?: PretrainedOptions): Promise<Gemma3ForCausalLM>
  protected get logitSoftcap(): number | null
}
