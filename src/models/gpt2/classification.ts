import { Dropout } from '../../nn/dropout.js'
import { checkProbability } from '../../runtime/options.js'
import {
  DecoderSequenceClassifier,
  DecoderTokenClassifier,
  headDropout,
  readDecoderHead,
} from '../shared/decoder-heads.js'
import { checkLabels } from '../shared/labels-config.js'
import type { LabelsConfig } from '../shared/labels-config.js'
import { linear, projection, within } from '../shared/parts.js'
import type { Layer } from '../shared/parts.js'
import { freshWeights } from '../shared/pretrained.js'
import type { FreshOptions, PretrainedOptions } from '../shared/pretrained.js'
import type { GPT2Config } from './config.js'
import { GPT2Model, checkpointName } from './gpt2.js'

const OWNER = 'GPT2Config'

/**
 * GPT-2 with a dense layer on the last token of each sequence, which labels the whole: classes, several labels at once, or numbers.
 *
 * Shapes: `inputIds (B, T)` → `logits (B, num_labels)`, `loss ()`. Parameter names as in Hugging Face checkpoints (`transformer.h.0.attn.c_attn.weight`,
 * `score.weight`). GPT-2 has no padding token: set `pad_token_id` for more than one row.
 */
export class GPT2ForSequenceClassification extends DecoderSequenceClassifier {
  readonly config: GPT2Config & LabelsConfig
  transformer: GPT2Model
  score: Layer

  constructor(
    config: Partial<GPT2Config & LabelsConfig> = {},
    options: FreshOptions = {},
    take = freshWeights('GPT2ForSequenceClassification', options),
  ) {
    super()
    this.transformer = new GPT2Model(config, {}, within(take, 'transformer'))
    this.config = {
      ...this.transformer.config,
      ...checkLabels(OWNER, this.transformer.config as Partial<LabelsConfig>),
    }
    const { n_embd: C, num_labels, initializer_range: std } = this.config
    this.score = projection(take, 'score', C, num_labels, { std, wide: true })
  }

  /**
   * Reads a folder with `config.json` and the weights of any GPT-2; the model is in evaluation mode, as in transformers. A file without `score` gets a fresh one,
   * with a warning; a language-model head is left out.
   * @throws {KeyError} listing every missing, unexpected and misshapen tensor at once.
   */
  static fromPretrained(dir: string, options: PretrainedOptions = {}): Promise<GPT2ForSequenceClassification> {
    return readDecoderHead(
      dir,
      options,
      'gpt2',
      nameWith('score'),
      'score',
      (config, take) => new GPT2ForSequenceClassification(config, {}, take),
    )
  }

  override get baseModel(): GPT2Model {
    return this.transformer
  }

  override get classifier(): Layer {
    return this.score
  }
}

/**
 * GPT-2 with a dense layer on each token, which labels it, after a dropout of `classifier_dropout`, else `hidden_dropout`, else 0.1.
 *
 * Shapes: `inputIds (B, T)` → `logits (B, T, num_labels)`, `loss ()`. Parameter names as in Hugging Face checkpoints (`transformer.h.0.attn.c_attn.weight`,
 * `classifier.weight`).
 */
export class GPT2ForTokenClassification extends DecoderTokenClassifier {
  readonly config: GPT2Config & LabelsConfig
  transformer: GPT2Model
  dropout: Dropout
  classifier: Layer

  constructor(
    config: Partial<GPT2Config & LabelsConfig> = {},
    options: FreshOptions = {},
    take = freshWeights('GPT2ForTokenClassification', options),
  ) {
    super()
    this.transformer = new GPT2Model(config, {}, within(take, 'transformer'))
    this.config = {
      ...this.transformer.config,
      ...checkLabels(OWNER, this.transformer.config as Partial<LabelsConfig>),
    }
    const { n_embd: C, num_labels, initializer_range: std } = this.config
    this.dropout = new Dropout(checkProbability(OWNER, 'classifier_dropout', headDropout(this.config)))
    this.classifier = linear(take, 'classifier', C, num_labels, { std, wide: true })
  }

  /** @see {@link GPT2ForSequenceClassification.fromPretrained} */
  static fromPretrained(dir: string, options: PretrainedOptions = {}): Promise<GPT2ForTokenClassification> {
    return readDecoderHead(
      dir,
      options,
      'gpt2',
      nameWith('classifier'),
      'classifier',
      (config, take) => new GPT2ForTokenClassification(config, {}, take),
    )
  }

  override get baseModel(): GPT2Model {
    return this.transformer
  }
}

/** The names of a model under this head; other heads are left out. */
function nameWith(own: string): (name: string) => string | null {
  return (name) => {
    const head = ['lm_head', 'score', 'classifier'].find((path) => name.startsWith(`${path}.`))
    if (head === undefined) return checkpointName(name)
    return head === own ? name : null
  }
}
