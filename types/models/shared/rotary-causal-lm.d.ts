// Generated from src/models/shared/rotary-causal-lm.ts by `npm run api`. Do not edit.

import { CausalLM } from './causal-lm.js'
import type { Layer } from './parts.js'
import type { ModelClass } from './pretrained-model.js'
import type { FreshOptions, PretrainedOptions, WeightSource } from './pretrained.js'
import type { RotaryDecoder } from './rotary-decoder.js'
/**
 * A {@link RotaryDecoder} with a language-model head, which has a weight of its own unless `tie_word_embeddings` is true.
 *
 * Shapes: `inputIds (B, T)` → `logits (B, T, V)`, `loss ()`. Parameter names as in Hugging Face checkpoints
 * (`model.layers.0.self_attn.q_proj.weight`, (out, in)). Fresh weights: N(0, initializer_range²), biases 0.
 */
export declare abstract class RotaryCausalLM<Model extends RotaryDecoder = RotaryDecoder> extends CausalLM {
  readonly config: Model['config']
  model: Model
  lm_head: Layer
  constructor(config?: Partial<Model['config']>, options?: FreshOptions, take?: WeightSource)
  /**
   * Reads a folder with `config.json` and `model.safetensors` (or its shards); the model is in evaluation mode, as in transformers.
   *
   * Weights keep the type of the file (bf16 and f16 are computed in f32) and stay in the file's pages; norms and biases are widened. Rotary frequencies,
   * which files of old releases contain, are ignored.
   * @throws {KeyError} listing every missing, unexpected and misshapen tensor at once.
   */
  static fromPretrained<M extends RotaryCausalLM>(
    this: ModelClass<M, FreshOptions>,
    dir: string,
    options?: PretrainedOptions,
  ): Promise<M>
  checkpointKey(key: string): string | null
  protected get decoder(): Model
  protected get logitSoftcap(): number | null
  protected get logitsScaling(): number
  get recomputeBeyond(): number | null
  get maxPositions(): number
}
