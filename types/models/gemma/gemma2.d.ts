// Generated from src/models/gemma/gemma2.ts by `npm run api`. Do not edit.

import type { GemmaFields } from './config.js'
import type { FreshOptions, PretrainedOptions } from '../shared/pretrained.js'
import { RotaryCausalLM } from '../shared/rotary-causal-lm.js'
import type { RotaryDecoderConfig } from '../shared/rotary-config.js'
import { RotaryDecoder } from '../shared/rotary-decoder.js'
/**
 * The configuration of a Gemma 2, as in `config.json`. Defaults as in transformers: `vocab_size` 256000, `hidden_size` 2304, `intermediate_size` 9216,
 * 26 blocks, 8 heads of 256 features that share 4 of keys, `max_position_embeddings` 8192, `rms_norm_eps` 1e-6, a tied head, `pad_token_id` 0,
 * `eos_token_id` 1, `bos_token_id` 2.
 */
export type Gemma2Config = RotaryDecoderConfig & GemmaFields
/** Gemma 2 without a head (Gemma Team 2024): norms of 1 + weight around attention and MLP, scaled embeddings, capped scores, a window in every other block. @see {@link RotaryDecoder} */
export declare class Gemma2Model extends RotaryDecoder<Gemma2Config> {
  constructor(
    config?: Partial<Gemma2Config>,
    options?: FreshOptions,
    take?: import('../shared/pretrained.js').WeightSource,
  )
  /** A model with fresh weights, in training mode. */
  static fromConfig(config: Partial<Gemma2Config>, options?: FreshOptions): Gemma2Model
  /** Reads a folder as {@link Gemma2ForCausalLM.fromPretrained} does, without its head. */
  static fromPretrained(dir: string, options?: PretrainedOptions): Promise<Gemma2Model>
}
/**
 * Gemma 2 with a language-model head, whose logits are capped and whose weight is that of the token embedding unless `tie_word_embeddings` is false.
 *
 * Shapes: `inputIds (B, T)` → `logits (B, T, V)`, `loss ()`. Parameter names as in Hugging Face checkpoints.
 * @see {@link LlamaForCausalLM} for an example.
 */
export declare class Gemma2ForCausalLM extends RotaryCausalLM<Gemma2Model> {
  constructor(
    config?: Partial<Gemma2Config>,
    options?: FreshOptions,
    take?: import('../shared/pretrained.js').WeightSource,
  )
  /** A model with fresh weights, in training mode. */
  static fromConfig(config: Partial<Gemma2Config>, options?: FreshOptions): Gemma2ForCausalLM
  /** Reads a folder with `config.json` and its weights; the model is in evaluation mode. @see {@link LlamaForCausalLM.fromPretrained} */
  static fromPretrained(dir: string, options?: PretrainedOptions): Promise<Gemma2ForCausalLM>
  protected get logitSoftcap(): number | null
}
