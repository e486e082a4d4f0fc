// Generated from src/models/decoders/qwen.ts by `npm run api`. Do not edit.

import { RotaryCausalLM } from '../shared/rotary-causal-lm.js'
import { RotarySequenceClassifier, RotaryTokenClassifier } from '../shared/rotary-heads.js'
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
  /** How many tokens each token attends to in those blocks, itself included. Ignored without `use_sliding_window`. @default 4096 */
  sliding_window: number | null
  /** The first block with a window, where `layer_types` is missing. @default 28 */
  max_window_layers: number
  /** For each block `full_attention` or `sliding_attention`. @default by `max_window_layers` */
  layer_types?: string[] | null
}
/** The configuration of a Qwen3, as in `config.json`. Defaults are those of {@link Qwen2Config}, with `head_dim` 128. */
export interface Qwen3Config extends Qwen2Config {
  /** The projections of attention have a bias. @default false */
  attention_bias: boolean
}
/** Qwen2 without a head (Yang et al. 2024): Llama with biases on the projections of queries, keys and values. @see {@link RotaryDecoder} */
export declare class Qwen2Model extends RotaryDecoder<Qwen2Config> {}
/**
 * Qwen2 with a language-model head, also Qwen2.5: a Llama whose projections of queries, keys and values have biases.
 *
 * Shapes: `inputIds (B, T)` → `logits (B, T, V)`, `loss ()`. Parameter names as in Hugging Face checkpoints.
 * @see {@link LlamaForCausalLM} for an example.
 */
export declare class Qwen2ForCausalLM extends RotaryCausalLM<Qwen2Model> {}
/** Qwen3 without a head (Yang et al. 2025): Llama with a norm on each head of queries and keys. @see {@link RotaryDecoder} */
export declare class Qwen3Model extends RotaryDecoder<Qwen3Config> {}
/**
 * Qwen3 with a language-model head: a Llama that normalises each head of queries and keys before it is rotated.
 *
 * Shapes: `inputIds (B, T)` → `logits (B, T, V)`, `loss ()`. Parameter names as in Hugging Face checkpoints.
 * @see {@link LlamaForCausalLM} for an example.
 */
export declare class Qwen3ForCausalLM extends RotaryCausalLM<Qwen3Model> {}
/**
 * Qwen2 with a dense layer on the last token of each sequence, which labels the whole. @see {@link RotarySequenceClassifier}
 */
export declare class Qwen2ForSequenceClassification extends RotarySequenceClassifier<Qwen2Model> {}
/** Qwen2 with a dense layer on each token, which labels it. @see {@link RotaryTokenClassifier} */
export declare class Qwen2ForTokenClassification extends RotaryTokenClassifier<Qwen2Model> {}
/**
 * Qwen3 with a dense layer on the last token of each sequence, which labels the whole. @see {@link RotarySequenceClassifier}
 */
export declare class Qwen3ForSequenceClassification extends RotarySequenceClassifier<Qwen3Model> {}
/** Qwen3 with a dense layer on each token, which labels it. @see {@link RotaryTokenClassifier} */
export declare class Qwen3ForTokenClassification extends RotaryTokenClassifier<Qwen3Model> {}
