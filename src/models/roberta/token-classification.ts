import { Dropout } from '../../nn/dropout.js'
import type { Tensor } from '../../tensor/tensor.js'
import { ROBERTA_NAMES, RobertaModel } from './roberta.js'
import type { RobertaConfig } from './roberta.js'
import { linear, within } from '../shared/parts.js'
import type { Layer } from '../shared/parts.js'
import { freshWeights } from '../shared/pretrained.js'
import type { FreshOptions } from '../shared/pretrained.js'
import { TokenClassifier } from '../shared/token-classifier.js'

/**
 * RoBERTa with a dense layer on each token, `classifier(dropout(x))`.
 *
 * Shapes: `inputIds (B, T)` → `logits (B, T, num_labels)`, `loss ()`. Parameter names as in Hugging Face checkpoints
 * (`roberta.encoder.layer.0.attention.self.query.weight`, `classifier.weight`). Fresh weights: N(0, initializer_range²); biases 0.
 *
 * @example
 * const model = await models.RobertaForTokenClassification.fromPretrained('roberta-base', { config: { num_labels: 9 } })
 * lora.injectLora(model, { targets: ['query', 'value'], r: 8, loraAlpha: 16 })
 * lora.markOnlyLoraAsTrainable(model)
 * model.classifier.requiresGrad_()            // the head trains too
 * const { loss } = model.train().forward(ids, { attentionMask, labels: [[-100, 3, 4, -100]] })
 */
export class RobertaForTokenClassification extends TokenClassifier {
  /** @internal */
  static override readonly checkpoint = {
    className: 'RobertaForTokenClassification',
    names: ROBERTA_NAMES,
    heads: ['classifier'],
  }
  readonly config: RobertaConfig
  roberta: RobertaModel
  dropout: Dropout
  classifier: Layer

  constructor(
    config: Partial<RobertaConfig> = {},
    options: FreshOptions = {},
    take = freshWeights('RobertaForTokenClassification', options),
  ) {
    super()
    this.roberta = new RobertaModel(config, { addPoolingLayer: false }, within(take, 'roberta'))
    this.config = this.roberta.config
    const { hidden_size: C, num_labels, initializer_range: std, hidden_dropout_prob } = this.config
    this.dropout = new Dropout(this.config.classifier_dropout ?? hidden_dropout_prob)
    this.classifier = linear(take, 'classifier', C, num_labels, { std, wide: true })
  }

  override get baseModel(): RobertaModel {
    return this.roberta
  }

  protected override predict(hidden: Tensor): Tensor {
    return this.classifier.forward(this.dropout.forward(hidden))
  }
}
