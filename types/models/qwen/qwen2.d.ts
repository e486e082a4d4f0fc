// Generated from src/models/qwen/qwen2.ts by `npm run api`. Do not edit.

import type { FreshOptions, PretrainedOptions } from '../shared/pretrained.js'
import { RotaryCausalLM } from '../shared/rotary-causal-lm.js'
import type { RotaryDecoderConfig } from '../shared/rotary-config.js'
import { RotaryDecoder } from '../shared/rotary-decoder.js'
/**
 * The configuration of a Qwen2, as in `config.json`. Defaults as in transformers: `vocab_size` 151936, `hidden_size` 4096, `intermediate_size` 22016,
 * 32 blocks and heads, `max_position_embeddings` 32768, `rms_norm_eps` 1e-6, no special tokens.
 */
export interface Qwen2Config extends RotaryDecoderConfig {
  /** `silu`, or another of the activations that config files name. @default 'silu' */
  hidden_act: string
  /** Some blocks have a sliding window. @default false */
  use_sliding_window: boolean
  /** How many tokens each one looks at in those blocks, itself included. Counts only with `use_sliding_window`. @default 4096 */
  sliding_window: number | null
  /** The first block with a window, where `layer_types` is missing. @default 28 */
  max_window_layers: number
  /** For each block `full_attention` or `sliding_attention`. @default by `max_window_layers` */
  layer_types?: string[] | null
}
/** Qwen2 without a head (Yang et al. 2024): Llama with biases on the projections of queries, keys and values. @see {@link RotaryDecoder} */
export declare class Qwen2Model extends RotaryDecoder<Qwen2Config> {
  constructor(
    config?: Partial<Qwen2Config>,
    options?: FreshOptions,
    take?: import('../shared/pretrained.js').WeightSource,
  )
  /** A model with fresh weights, in training mode. */
  static fromConfig(config: Partial<Qwen2Config>, options?: FreshOptions): Qwen2Model
  /** Reads a folder as {@link Qwen2ForCausalLM.fromPretrained} does, without its head. */
  static fromPretrained(dir: string, options?: PretrainedOptions): Promise<Qwen2Model>
}
/**
 * Qwen2 with a language-model head, also Qwen2.5: a Llama whose projections of queries, keys and values have biases.
 *
 * Shapes: `inputIds (B, T)` → `logits (B, T, V)`, `loss ()`. Parameter names as in Hugging Face checkpoints.
 * @see {@link LlamaForCausalLM} for an example.
 */
export declare class Qwen2ForCausalLM extends RotaryCausalLM<Qwen2Model> {
  constructor(
    config?: Partial<Qwen2Config>,
    options?: FreshOptions,
    take?: import('../shared/pretrained.js').WeightSource,
  )
  /** A model with fresh weights, in training mode. */
  static fromConfig(config: Partial<Qwen2Config>, options?: FreshOptions): Qwen2ForCausalLM
  /** Reads a folder with `config.json` and its weights; the model is in evaluation mode. @see {@link LlamaForCausalLM.fromPretrained} */
  static fromPretrained(dir: string, options?: PretrainedOptions): Promise<Qwen2ForCausalLM>
}
