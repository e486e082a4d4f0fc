import { Dropout } from '../../nn/dropout.js'
import type { Tensor } from '../../tensor/tensor.js'
import { BERT_NAMES, BertModel } from './bert.js'
import type { BertConfig } from './bert.js'
import { linear, within } from '../shared/parts.js'
import type { Layer } from '../shared/parts.js'
import { freshWeights } from '../shared/pretrained.js'
import type { FreshOptions } from '../shared/pretrained.js'
import { TokenClassifier } from '../shared/token-classifier.js'

/**
 * BERT with a dense layer on each token, `classifier(dropout(x))`.
 *
 * Shapes: `inputIds (B, T)` → `logits (B, T, num_labels)`, `loss ()`. Parameter names as in Hugging Face checkpoints
 * (`bert.encoder.layer.0.attention.self.query.weight`, `classifier.weight`). Fresh weights: N(0, initializer_range²); biases 0.
 */
export class BertForTokenClassification extends TokenClassifier {
  /** @internal */
  static override readonly checkpoint = {
    className: 'BertForTokenClassification',
    names: BERT_NAMES,
    heads: ['classifier'],
  }
  readonly config: BertConfig
  bert: BertModel
  dropout: Dropout
  classifier: Layer

  constructor(
    config: Partial<BertConfig> = {},
    options: FreshOptions = {},
    take = freshWeights('BertForTokenClassification', options),
  ) {
    super()
    this.bert = new BertModel(config, { addPoolingLayer: false }, within(take, 'bert'))
    this.config = this.bert.config
    const { hidden_size: C, num_labels, initializer_range: std, hidden_dropout_prob } = this.config
    this.dropout = new Dropout(this.config.classifier_dropout ?? hidden_dropout_prob)
    this.classifier = linear(take, 'classifier', C, num_labels, { std, wide: true })
  }

  override get baseModel(): BertModel {
    return this.bert
  }

  protected override predict(hidden: Tensor): Tensor {
    return this.classifier.forward(this.dropout.forward(hidden))
  }
}
