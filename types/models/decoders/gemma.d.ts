// Generated from src/models/decoders/gemma.ts by `npm run api`. Do not edit.

import { RotaryCausalLM } from '../shared/rotary-causal-lm.js'
import { RotarySequenceClassifier, RotaryTokenClassifier } from '../shared/rotary-heads.js'
import type { RotaryDecoderConfig } from '../shared/rotary-config.js'
import { RotaryDecoder } from '../shared/rotary-decoder.js'
import type { RopeParameters } from '../shared/rotary-frequencies.js'
/**
 * The configuration of a Gemma 2, as in `config.json`. Defaults as in transformers: `vocab_size` 256000, `hidden_size` 2304, `intermediate_size` 9216,
 * 26 blocks, 8 heads of 256 features that share 4 key heads, `max_position_embeddings` 8192, `rms_norm_eps` 1e-6, a tied head, `pad_token_id` 0,
 * `eos_token_id` 1, `bos_token_id` 2.
 */
export interface Gemma2Config extends RotaryDecoderConfig {
  /** Activation of the MLP. @default 'gelu_pytorch_tanh' */
  hidden_activation: string
  /** The projections of attention have a bias. @default false */
  attention_bias: boolean
  /** Attention scores are divided by its square root. @default 256 */
  query_pre_attn_scalar: number
  /** How many tokens each token attends to in blocks with a sliding window, itself included. @default 4096 */
  sliding_window: number | null
  /** For each block `full_attention` or `sliding_attention`. @default Gemma 2: the first of two has a window; Gemma 3: five of six have one */
  layer_types?: string[] | null
  /** Attention scores s become `cap · tanh(s / cap)`; null for none. Gemma 3 ignores it, as in transformers. @default Gemma 2: 50; Gemma 3: null */
  attn_logit_softcapping: number | null
  /** Logits x become `cap · tanh(x / cap)`; null for none. @default Gemma 2: 30; Gemma 3: null */
  final_logit_softcapping: number | null
}
/**
 * The configuration of the text model of a Gemma 3, as in `config.json`. Defaults are those of {@link Gemma2Config}, but for `vocab_size` 262208,
 * `max_position_embeddings` 131072, no caps, and windows in five of six blocks.
 */
export interface Gemma3Config extends Gemma2Config {
  /** Rotary positions of the two kinds of blocks, as transformers 5 writes them. @default `rope_theta`, `rope_scaling`, `rope_local_base_freq` */
  rope_parameters?: {
    full_attention: RopeParameters
    sliding_attention: RopeParameters
  } | null
  /** Base of the rotary frequencies in blocks without a window, as earlier releases write it. @default 1000000 */
  rope_theta?: number
  /** Base of those in blocks with a window, as earlier releases write it. @default 10000 */
  rope_local_base_freq?: number
  /** One block in this many, the last of them, has no window, where `layer_types` is missing. @default 6 */
  sliding_window_pattern?: number
}
/**
 * Gemma 2 without a head (Gemma Team 2024): norms of 1 + weight before and after attention and MLP, scaled embeddings, capped scores, a window in every other
 * block. @see {@link RotaryDecoder}
 */
export declare class Gemma2Model extends RotaryDecoder<Gemma2Config> {}
/**
 * Gemma 2 with a language-model head, whose logits are capped and whose weight is that of the token embedding unless `tie_word_embeddings` is false.
 *
 * Shapes: `inputIds (B, T)` → `logits (B, T, V)`, `loss ()`. Parameter names as in Hugging Face checkpoints.
 * @see {@link LlamaForCausalLM} for an example.
 */
export declare class Gemma2ForCausalLM extends RotaryCausalLM<Gemma2Model> {}
/**
 * The text model of Gemma 3 without a head (Gemma Team 2025): Gemma 2 with norms on each head instead of caps, and rotary positions of two kinds.
 * @see {@link RotaryDecoder}
 */
export declare class Gemma3Model extends RotaryDecoder<Gemma3Config> {
  protected get architecture(): string
}
/**
 * The text model of Gemma 3 with a language-model head (`model_type` gemma3_text), whose weight is that of the token embedding unless
 * `tie_word_embeddings` is false.
 *
 * Shapes: `inputIds (B, T)` → `logits (B, T, V)`, `loss ()`. Parameter names as in Hugging Face checkpoints.
 * @see {@link LlamaForCausalLM} for an example.
 */
export declare class Gemma3ForCausalLM extends RotaryCausalLM<Gemma3Model> {}
/**
 * Gemma 2 with a dense layer on the last token of each sequence, which labels the whole. @see {@link RotarySequenceClassifier}
 */
export declare class Gemma2ForSequenceClassification extends RotarySequenceClassifier<Gemma2Model> {}
/** Gemma 2 with a dense layer on each token, which labels it. @see {@link RotaryTokenClassifier} */
export declare class Gemma2ForTokenClassification extends RotaryTokenClassifier<Gemma2Model> {}
/**
 * The text model of Gemma 3 with a dense layer on the last token of each sequence, which labels the whole. @see {@link RotarySequenceClassifier}
 */
export declare class Gemma3TextForSequenceClassification extends RotarySequenceClassifier<Gemma3Model> {}
