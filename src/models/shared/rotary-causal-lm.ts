// A decoder with rotary positions under a language-model head.
import { CausalLM, languageModelHead, readCausalLM } from './causal-lm.js'
import type { Layer } from './parts.js'
import type { PretrainedOptions, WeightSource } from './pretrained.js'
import { isFrequency } from './rotary-decoder.js'
import type { RotaryDecoder } from './rotary-decoder.js'

/**
 * A {@link RotaryDecoder} with a language-model head, which has a weight of its own unless `tie_word_embeddings` is true.
 *
 * Shapes: `inputIds (B, T)` → `logits (B, T, V)`, `loss ()`. Parameter names as in Hugging Face checkpoints
 * (`model.layers.0.self_attn.q_proj.weight`, (out, in)). Fresh weights: N(0, initializer_range²), biases 0.
 */
export abstract class RotaryCausalLM<Model extends RotaryDecoder = RotaryDecoder> extends CausalLM {
  readonly config: Model['config']
  model: Model
  lm_head: Layer

  protected constructor(model: Model, take: WeightSource) {
    super()
    this.model = model
    this.config = model.config
    const { tie_word_embeddings: tied, initializer_range: std } = model.config
    this.lm_head = languageModelHead(model.inputEmbeddings, tied, take, std)
  }

  protected override get decoder(): Model {
    return this.model
  }

  override get maxPositions(): number {
    return this.config.max_position_embeddings
  }
}

/** Builds a language model from the configuration and the weights of a folder; it is in evaluation mode, as in transformers. */
export function readRotaryCausalLM<M extends RotaryCausalLM>(
  dir: string,
  options: PretrainedOptions,
  modelType: string,
  build: (config: Record<string, unknown>, take: WeightSource) => M,
): Promise<M> {
  return readCausalLM(dir, options, modelType, checkpointName, build)
}

// A file of the model without its head has no prefix.
function checkpointName(name: string): string | null {
  if (isFrequency(name)) return null
  return name.startsWith('model.') || name.startsWith('lm_head.') ? name : `model.${name}`
}
