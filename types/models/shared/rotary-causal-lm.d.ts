// Generated from src/models/shared/rotary-causal-lm.ts by `npm run api`. Do not edit.

import { CausalLM } from './causal-lm.js'
import type { Layer } from './parts.js'
import type { WeightSource } from './pretrained.js'
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
  protected constructor(model: Model, take: WeightSource)
  protected get decoder(): Model
  get maxPositions(): number
}
