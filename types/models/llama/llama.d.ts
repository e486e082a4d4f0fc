// Generated from src/models/llama/llama.ts by `npm run api`. Do not edit.

import type { LlamaConfig } from './config.js'
import type { FreshOptions, PretrainedOptions } from '../shared/pretrained.js'
import { RotaryCausalLM } from '../shared/rotary-causal-lm.js'
import { RotaryDecoder } from '../shared/rotary-decoder.js'
/** Llama without a head (Touvron et al. 2023). @see {@link RotaryDecoder} */
export declare class LlamaModel extends RotaryDecoder<LlamaConfig> {
  constructor(
    config?: Partial<LlamaConfig>,
    options?: FreshOptions,
    take?: import('../shared/pretrained.js').WeightSource,
  )
  /** A model with fresh weights, in training mode. */
  static fromConfig(config: Partial<LlamaConfig>, options?: FreshOptions): LlamaModel
  /** Reads a folder as {@link LlamaForCausalLM.fromPretrained} does, without its head. */
  static fromPretrained(dir: string, options?: PretrainedOptions): Promise<LlamaModel>
}
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
export declare class LlamaForCausalLM extends RotaryCausalLM<LlamaModel> {
  constructor(
    config?: Partial<LlamaConfig>,
    options?: FreshOptions,
    take?: import('../shared/pretrained.js').WeightSource,
  )
  /** A model with fresh weights, in training mode. */
  static fromConfig(config: Partial<LlamaConfig>, options?: FreshOptions): LlamaForCausalLM
  /**
   * Reads a folder with `config.json` and `model.safetensors` (or its shards); the model is in evaluation mode, as in transformers.
   *
   * Weights keep the type of the file (bf16 and f16 are computed in f32) and lie in the file's pages; norms and biases are widened. The
   * frequencies that files of old releases hold are passed over.
   * @throws {KeyError} listing every missing, unexpected and misshapen tensor at once.
   */
  static fromPretrained(dir: string, options?: PretrainedOptions): Promise<LlamaForCausalLM>
}
