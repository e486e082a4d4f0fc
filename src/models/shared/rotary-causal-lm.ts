// A decoder with rotary positions under a language-model head.
import { CausalLM, languageModelHead, readCausalLM } from './causal-lm.js'
import type { DecoderFamily } from './decoder-family.js'
import { within } from './parts.js'
import type { Layer } from './parts.js'
import type { ModelClass } from './pretrained-model.js'
import { freshWeights } from './pretrained.js'
import type { FreshOptions, PretrainedOptions, WeightSource } from './pretrained.js'
import { isFrequency } from './rotary-decoder.js'
import type { RotaryDecoder } from './rotary-decoder.js'

/**
 * A {@link RotaryDecoder} with a language-model head, which has a weight of its own unless `tie_word_embeddings` is true.
 *
 * Shapes: `inputIds (B, T)` → `logits (B, T, V)`, `loss ()`. Parameter names as in Hugging Face checkpoints
 * (`model.layers.0.self_attn.q_proj.weight`, (out, in)). Fresh weights: N(0, initializer_range²), biases 0.
 */
export abstract class RotaryCausalLM<Model extends RotaryDecoder = RotaryDecoder> extends CausalLM {
  /** @internal */
  static readonly Model: {
    new (config: never, options: FreshOptions, take: WeightSource): RotaryDecoder
    family: DecoderFamily
  }

  readonly config: Model['config']
  model: Model
  lm_head: Layer

  constructor(config: Partial<Model['config']> = {}, options: FreshOptions = {}, take?: WeightSource) {
    super()
    const { Model } = new.target
    take ??= freshWeights(`${Model.family.name}ForCausalLM`, options)
    this.model = new Model(config as never, {}, within(take, 'model')) as Model
    this.config = this.model.config
    const { tie_word_embeddings: tied, initializer_range: std } = this.config
    this.lm_head = languageModelHead(this.model.inputEmbeddings, tied, take, std)
  }

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
    options: PretrainedOptions = {},
  ): Promise<M> {
    const { defaults } = (this as unknown as typeof RotaryCausalLM).Model.family
    const build = (config: Record<string, unknown>, take: WeightSource) =>
      new this(config as Partial<M['config']>, {}, take)
    return readCausalLM(dir, options, defaults.model_type, checkpointName, build)
  }

  override checkpointKey(key: string): string | null {
    return checkpointName(key)
  }

  protected override get decoder(): Model {
    return this.model
  }

  protected override get logitSoftcap(): number | null {
    return this.model.logitSoftcap
  }

  protected override get logitsScaling(): number {
    return this.model.logitsScaling
  }

  override get recomputeBeyond(): number | null {
    return this.model.recomputeBeyond
  }

  override get maxPositions(): number {
    return this.model.maxPositions
  }
}

// A file of the model without its head has no prefix.
function checkpointName(name: string): string | null {
  if (isFrequency(name)) return null
  return name.startsWith('model.') || name.startsWith('lm_head.') ? name : `model.${name}`
}
