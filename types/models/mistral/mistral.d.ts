// Generated from src/models/mistral/mistral.ts by `npm run api`. Do not edit.

import type { FreshOptions, PretrainedOptions } from '../shared/pretrained.js'
import { RotaryCausalLM } from '../shared/rotary-causal-lm.js'
import type { RotaryDecoderConfig } from '../shared/rotary-config.js'
import { RotaryDecoder } from '../shared/rotary-decoder.js'
/**
 * The configuration of a Mistral, as in `config.json`. Defaults as in transformers: `vocab_size` 32000, `hidden_size` 4096, `intermediate_size` 14336,
 * 32 blocks, 32 heads that share 8 of keys, `max_position_embeddings` 131072, `rms_norm_eps` 1e-6.
 */
export interface MistralConfig extends RotaryDecoderConfig {
  /** `silu`, or another of the activations that config files name. @default 'silu' */
  hidden_act: string
  /** How many tokens each one looks at, itself included; null for all before it. @default 4096 */
  sliding_window: number | null
}
/** Mistral without a head (Jiang et al. 2023): Llama with a sliding window in every block. @see {@link RotaryDecoder} */
export declare class MistralModel extends RotaryDecoder<MistralConfig> {
  constructor(
    config?: Partial<MistralConfig>,
    options?: FreshOptions,
    take?: import('../shared/pretrained.js').WeightSource,
  )
  /** A model with fresh weights, in training mode. */
  static fromConfig(config: Partial<MistralConfig>, options?: FreshOptions): MistralModel
  /** Reads a folder as {@link MistralForCausalLM.fromPretrained} does, without its head. */
  static fromPretrained(dir: string, options?: PretrainedOptions): Promise<MistralModel>
}
/**
 * Mistral with a language-model head: a Llama in which each token looks at the last `sliding_window` tokens only.
 *
 * Shapes: `inputIds (B, T)` → `logits (B, T, V)`, `loss ()`. Parameter names as in Hugging Face checkpoints.
 * @see {@link LlamaForCausalLM} for an example.
 */
export declare class MistralForCausalLM extends RotaryCausalLM<MistralModel> {
  constructor(
    config?: Partial<MistralConfig>,
    options?: FreshOptions,
    take?: import('../shared/pretrained.js').WeightSource,
  )
  /** A model with fresh weights, in training mode. */
  static fromConfig(config: Partial<MistralConfig>, options?: FreshOptions): MistralForCausalLM
  /** Reads a folder with `config.json` and its weights; the model is in evaluation mode. @see {@link LlamaForCausalLM.fromPretrained} */
  static fromPretrained(dir: string, options?: PretrainedOptions): Promise<MistralForCausalLM>
}
