import { Dropout } from '../../nn/dropout.js'
import type { Tensor } from '../../tensor/tensor.js'
import { BERT_NAMES, BertModel } from './bert.js'
import type { BertConfig } from './bert.js'
import type { EncoderOutput } from '../shared/encoder-input.js'
import { linear, within } from '../shared/parts.js'
import type { Layer } from '../shared/parts.js'
import { freshWeights } from '../shared/pretrained.js'
import type { FreshOptions } from '../shared/pretrained.js'
import { SequenceClassifier } from '../shared/sequence-classifier.js'

/**
 * BERT with a dense layer on the pooled first token, `classifier(dropout(tanh(W x₀ + b)))`: classes, several labels at once, or numbers, according to
 * `problem_type` or the labels.
 *
 * Shapes: `inputIds (B, T)` → `logits (B, num_labels)`, `loss ()`. Parameter names as in Hugging Face checkpoints
 * (`bert.encoder.layer.0.attention.self.query.weight`, `classifier.weight`). Fresh weights: N(0, initializer_range²); biases and the row of the padding token 0.
 * Unless hidden states are asked for, the last layer is computed for the first token only, with the same result.
 *
 * @example
 * const model = await models.BertForSequenceClassification.fromPretrained('bert-base-uncased', { config: { num_labels: 2 } })
 * lora.injectLora(model, { targets: ['query', 'value'], r: 8, loraAlpha: 16 })
 * lora.markOnlyLoraAsTrainable(model)
 * model.classifier.requiresGrad_()            // the head trains too
 * const { loss } = model.train().forward(ids, { attentionMask, tokenTypeIds, labels: [1, 0] })
 */
export class BertForSequenceClassification extends SequenceClassifier {
  /** @internal */
  static override readonly checkpoint = {
    className: 'BertForSequenceClassification',
    names: BERT_NAMES,
    heads: ['bert.pooler', 'classifier'],
  }
  readonly config: BertConfig
  bert: BertModel
  dropout: Dropout
  classifier: Layer

  constructor(
    config: Partial<BertConfig> = {},
    options: FreshOptions = {},
    take = freshWeights('BertForSequenceClassification', options),
  ) {
    super()
    this.bert = new BertModel(config, {}, within(take, 'bert'))
    this.config = this.bert.config
    const { hidden_size: C, num_labels, initializer_range: std, hidden_dropout_prob } = this.config
    this.dropout = new Dropout(this.config.classifier_dropout ?? hidden_dropout_prob)
    this.classifier = linear(take, 'classifier', C, num_labels, { std, wide: true })
  }

  override get baseModel(): BertModel {
    return this.bert
  }

  protected override score(_: string, { poolerOutput }: EncoderOutput): Tensor {
    return this.classifier.forward(this.dropout.forward(poolerOutput!))
  }
}
