// Generated from src/models/decoders/mistral.ts by `npm run api`. Do not edit.

import { RotaryCausalLM } from '../shared/rotary-causal-lm.js'
import { RotarySequenceClassifier, RotaryTokenClassifier } from '../shared/rotary-heads.js'
import type { RotaryDecoderConfig } from '../shared/rotary-config.js'
import { RotaryDecoder } from '../shared/rotary-decoder.js'
/**
 * The configuration of a Mistral, as in `config.json`. Defaults as in transformers: `vocab_size` 32000, `hidden_size` 4096, `intermediate_size` 14336,
 * 32 blocks, 32 heads that share 8 key heads, `max_position_embeddings` 131072, `rms_norm_eps` 1e-6.
 */
export interface MistralConfig extends RotaryDecoderConfig {
  /** `silu`, or another of the activations that config files name. @default 'silu' */
  hidden_act: string
  /** How many tokens each token attends to, itself included; null for all before it. @default 4096 */
  sliding_window: number | null
}
/** Mistral without a head (Jiang et al. 2023): Llama with a sliding window in every block. @see {@link RotaryDecoder} */
export declare class MistralModel extends RotaryDecoder<MistralConfig> {}
/**
 * Mistral with a language-model head: a Llama in which each token attends to the last `sliding_window` tokens only.
 *
 * Shapes: `inputIds (B, T)` → `logits (B, T, V)`, `loss ()`. Parameter names as in Hugging Face checkpoints.
 * @see {@link LlamaForCausalLM} for an example.
 */
export declare class MistralForCausalLM extends RotaryCausalLM<MistralModel> {}
/**
 * Mistral with a dense layer on the last token of each sequence, which labels the whole. @see {@link RotarySequenceClassifier}
 */
export declare class MistralForSequenceClassification extends RotarySequenceClassifier<MistralModel> {}
/** Mistral with a dense layer on each token, which labels it. @see {@link RotaryTokenClassifier} */
export declare class MistralForTokenClassification extends RotaryTokenClassifier<MistralModel> {}
