import { Dropout } from '../../nn/dropout.js'
import type { Tensor } from '../../tensor/tensor.js'
import type { DebertaV2Config } from './config.js'
import { bad } from '../../runtime/options.js'
import { knownRows } from '../../generation/ids.js'
import type { Ids } from '../../generation/ids.js'
import type { EncoderOptions } from '../shared/encoder-input.js'
import { DEBERTA_NAMES, DebertaV2Model } from './deberta.js'
import { linear, within } from '../shared/parts.js'
import type { Layer } from '../shared/parts.js'
import { freshWeights } from '../shared/pretrained.js'
import type { FreshOptions } from '../shared/pretrained.js'
import { TokenClassifier } from '../shared/token-classifier.js'

/**
 * DeBERTa v2 or v3 with a dense layer on each token, `classifier(dropout(x))`.
 *
 * Shapes: `inputIds (B, T)` → `logits (B, T, num_labels)`, `loss ()`. Parameter names as in Hugging Face checkpoints
 * (`deberta.encoder.layer.0.attention.self.query_proj.weight`, `classifier.weight`). Fresh weights: N(0, initializer_range²); biases 0.
 */
export class DebertaV2ForTokenClassification extends TokenClassifier {
  /** @internal */
  static override readonly checkpoint = {
    className: 'DebertaV2ForTokenClassification',
    names: DEBERTA_NAMES,
    heads: ['classifier'],
  }
  readonly config: DebertaV2Config
  deberta: DebertaV2Model
  dropout: Dropout
  classifier: Layer

  constructor(
    config: Partial<DebertaV2Config> = {},
    options: FreshOptions = {},
    take = freshWeights('DebertaV2ForTokenClassification', options),
  ) {
    super()
    this.deberta = new DebertaV2Model(config, {}, within(take, 'deberta'))
    this.config = this.deberta.config
    const { hidden_size: C, num_labels, initializer_range: std } = this.config
    this.dropout = new Dropout(this.config.hidden_dropout_prob)
    this.classifier = linear(take, 'classifier', C, num_labels, { std, wide: true })
  }

  override get baseModel(): DebertaV2Model {
    return this.deberta
  }

  /** @throws {OptionError} for labels of padding: in transformers it attends to all tokens evenly, here it is not computed. */
  protected override withPadding(owner: string, options: EncoderOptions, labels: Ids): EncoderOptions {
    if (knownRows(labels) === null) return options
    throw bad(owner, 'labels', '-100 where attentionMask is 0', 'a class for padding')
  }

  protected override predict(hidden: Tensor): Tensor {
    return this.classifier.forward(this.dropout.forward(hidden))
  }
}
