// Decoders with rotary positions under classification heads.
import { Dropout } from '../../nn/dropout.js'
import { checkProbability } from '../../runtime/options.js'
import { DecoderSequenceClassifier, DecoderTokenClassifier, headDropout, readDecoderHead } from './decoder-heads.js'
import type { DecoderFamily } from './decoder-family.js'
import { checkLabels } from './labels-config.js'
import type { LabelsConfig } from './labels-config.js'
import { linear, projection, within } from './parts.js'
import type { Layer } from './parts.js'
import type { ModelClass } from './pretrained-model.js'
import { freshWeights } from './pretrained.js'
import type { FreshOptions, PretrainedOptions, WeightSource } from './pretrained.js'
import { isFrequency } from './rotary-decoder.js'
import type { RotaryDecoder } from './rotary-decoder.js'

/** The class of the model below a head. */
interface BareModel {
  new (config: never, options: FreshOptions, take: WeightSource): RotaryDecoder
  family: DecoderFamily
}

/**
 * A {@link RotaryDecoder} that labels whole sequences by the last token of each, with a dense layer `score` without bias.
 *
 * Shapes: `inputIds (B, T)` → `logits (B, num_labels)`, `loss ()`. Parameter names as in Hugging Face checkpoints (`model.layers.0.self_attn.q_proj.weight`,
 * `score.weight`). Fresh weights: N(0, initializer_range²); those of the head are f32 even in a bf16 or f16 model.
 * @see {@link LlamaForSequenceClassification} for an example.
 */
export abstract class RotarySequenceClassifier<
  Model extends RotaryDecoder = RotaryDecoder,
> extends DecoderSequenceClassifier {
  /** @internal */
  static readonly Model: BareModel

  readonly config: Model['config'] & LabelsConfig
  model: Model
  score: Layer

  constructor(config: Partial<Model['config'] & LabelsConfig> = {}, options: FreshOptions = {}, take?: WeightSource) {
    super()
    const built = new.target as unknown as typeof RotarySequenceClassifier
    take ??= freshWeights(new.target.name, options)
    this.model = new built.Model(config as never, {}, within(take, 'model')) as Model
    this.config = {
      ...this.model.config,
      ...checkLabels(`${built.Model.family.name}Config`, this.model.config as Partial<LabelsConfig>),
    }
    const { hidden_size: C, num_labels, initializer_range: std } = this.config
    this.score = projection(take, 'score', C, num_labels, { std, wide: true })
  }

  /**
   * Reads a folder with `config.json` and the weights of any model of this family; the model is in evaluation mode, as in transformers. A file without `score`
   * gets a fresh one, with a warning; a language-model head is left out.
   * @throws {KeyError} listing every missing, unexpected and misshapen tensor at once.
   */
  static fromPretrained<M extends RotarySequenceClassifier>(
    this: ModelClass<M, FreshOptions>,
    dir: string,
    options: PretrainedOptions = {},
  ): Promise<M> {
    const { defaults } = (this as unknown as typeof RotarySequenceClassifier).Model.family
    const build = (config: Record<string, unknown>, take: WeightSource) =>
      new this(config as Partial<M['config']>, {}, take)
    return readDecoderHead(dir, options, defaults.model_type, nameWithScore, 'score', build)
  }

  override get baseModel(): Model {
    return this.model
  }

  override get classifier(): Layer {
    return this.score
  }
}

/**
 * A {@link RotaryDecoder} that labels each token, with a dense layer `score` after a dropout of `classifier_dropout`, else `hidden_dropout`, else 0.1.
 *
 * Shapes: `inputIds (B, T)` → `logits (B, T, num_labels)`, `loss ()`. Parameter names as in Hugging Face checkpoints (`model.layers.0.self_attn.q_proj.weight`,
 * `score.weight`). Fresh weights: N(0, initializer_range²), biases 0; those of the head are f32 even in a bf16 or f16 model.
 */
export abstract class RotaryTokenClassifier<
  Model extends RotaryDecoder = RotaryDecoder,
> extends DecoderTokenClassifier {
  /** @internal */
  static readonly Model: BareModel

  readonly config: Model['config'] & LabelsConfig
  model: Model
  dropout: Dropout
  score: Layer

  constructor(config: Partial<Model['config'] & LabelsConfig> = {}, options: FreshOptions = {}, take?: WeightSource) {
    super()
    const built = new.target as unknown as typeof RotaryTokenClassifier
    const owner = `${built.Model.family.name}Config`
    take ??= freshWeights(new.target.name, options)
    this.model = new built.Model(config as never, {}, within(take, 'model')) as Model
    this.config = { ...this.model.config, ...checkLabels(owner, this.model.config as Partial<LabelsConfig>) }
    const { hidden_size: C, num_labels, initializer_range: std } = this.config
    this.dropout = new Dropout(checkProbability(owner, 'classifier_dropout', headDropout(this.config)))
    this.score = linear(take, 'score', C, num_labels, { std, wide: true })
  }

  /** @see {@link RotarySequenceClassifier.fromPretrained} */
  static fromPretrained<M extends RotaryTokenClassifier>(
    this: ModelClass<M, FreshOptions>,
    dir: string,
    options: PretrainedOptions = {},
  ): Promise<M> {
    const { defaults } = (this as unknown as typeof RotaryTokenClassifier).Model.family
    const build = (config: Record<string, unknown>, take: WeightSource) =>
      new this(config as Partial<M['config']>, {}, take)
    return readDecoderHead(dir, options, defaults.model_type, nameWithScore, 'score', build)
  }

  override get baseModel(): Model {
    return this.model
  }

  override get classifier(): Layer {
    return this.score
  }
}

// A file of the model without a head has no prefix.
function nameWithScore(name: string): string | null {
  if (isFrequency(name) || name.startsWith('lm_head.')) return null
  return name.startsWith('model.') || name.startsWith('score.') ? name : `model.${name}`
}
