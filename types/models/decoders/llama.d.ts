// Generated from src/models/decoders/llama.ts by `npm run api`. Do not edit.

import { RotaryCausalLM } from '../shared/rotary-causal-lm.js'
import { RotarySequenceClassifier, RotaryTokenClassifier } from '../shared/rotary-heads.js'
import type { RotaryDecoderConfig } from '../shared/rotary-config.js'
import { RotaryDecoder } from '../shared/rotary-decoder.js'
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
/** Llama without a head (Touvron et al. 2023). @see {@link RotaryDecoder} */
export declare class LlamaModel extends RotaryDecoder<LlamaConfig> {}
/**
 * Llama with a language-model head, which has a weight of its own unless `tie_word_embeddings` is true (SmolLM2, small Llama 3.2). All models
 * with `model_type` llama: Llama 1 to 3, SmolLM, TinyLlama and others.
 *
 * Shapes: `inputIds (B, T)` → `logits (B, T, V)`, `loss ()`. Parameter names as in Hugging Face checkpoints
 * (`model.layers.0.self_attn.q_proj.weight`, (out, in)). Fresh weights: N(0, initializer_range²), biases 0.
 *
 * @example
 * const model = await models.LlamaForCausalLM.fromPretrained('SmolLM2-135M')
 * lora.injectLora(model, { targets: ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj'], r: 8, loraAlpha: 16 })
 * lora.markOnlyLoraAsTrainable(model)
 * model.train()
 * const { loss } = model.forward(batch.inputIds, { labels: batch.labels })
 * await loss.backward()
 */
export declare class LlamaForCausalLM extends RotaryCausalLM<LlamaModel> {}
/**
 * Llama with a dense layer on the last token of each sequence, which labels the whole. @see {@link RotarySequenceClassifier}
 *
 * @example
 * const model = await models.LlamaForSequenceClassification.fromPretrained('SmolLM2-135M', { config: { num_labels: 3, pad_token_id: 2 } })
 * lora.injectLora(model, { targets: ['q_proj', 'v_proj'], r: 8, loraAlpha: 16 })
 * lora.markOnlyLoraAsTrainable(model)
 * model.score.requiresGrad_()            // the head trains too
 * const { loss } = model.train().forward(ids, { attentionMask, labels: [2, 0] })
 */
export declare class LlamaForSequenceClassification extends RotarySequenceClassifier<LlamaModel> {}
/** Llama with a dense layer on each token, which labels it. @see {@link RotaryTokenClassifier} */
export declare class LlamaForTokenClassification extends RotaryTokenClassifier<LlamaModel> {}
