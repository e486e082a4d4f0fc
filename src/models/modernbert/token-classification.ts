import { Dropout } from '../../nn/dropout.js'
import type { Tensor } from '../../tensor/tensor.js'
import type { ModernBertConfig } from './config.js'
import { cutDense } from './layer.js'
import { MODERNBERT_NAMES, ModernBertModel, ModernBertPredictionHead } from './modernbert.js'
import { within } from '../shared/parts.js'
import type { Layer } from '../shared/parts.js'
import { freshWeights } from '../shared/pretrained.js'
import type { FreshOptions } from '../shared/pretrained.js'
import { TokenClassifier } from '../shared/token-classifier.js'

/**
 * ModernBERT with a head on each token, `classifier(dropout(norm(act(dense(x)))))`.
 *
 * Shapes: `inputIds (B, T)` → `logits (B, T, num_labels)`, `loss ()`. Parameter names as in Hugging Face checkpoints
 * (`model.layers.0.attn.Wqkv.weight`, `head.dense.weight`, `classifier.weight`).
 */
export class ModernBertForTokenClassification extends TokenClassifier {
  /** @internal */
  static override readonly checkpoint = {
    className: 'ModernBertForTokenClassification',
    names: MODERNBERT_NAMES,
    heads: ['head', 'classifier'],
  }
  readonly config: ModernBertConfig
  model: ModernBertModel
  head: ModernBertPredictionHead
  drop: Dropout
  classifier: Layer

  constructor(
    config: Partial<ModernBertConfig> = {},
    options: FreshOptions = {},
    take = freshWeights('ModernBertForTokenClassification', options),
  ) {
    super()
    this.model = new ModernBertModel(config, {}, within(take, 'model'))
    this.config = this.model.config
    const { hidden_size: C, num_labels } = this.config
    this.head = new ModernBertPredictionHead(this.config, within(take, 'head'), true)
    this.drop = new Dropout(this.config.classifier_dropout)
    const init = { std: 1 / Math.sqrt(C), bias: true, wide: true }
    this.classifier = cutDense(take, 'classifier', [C, num_labels], init, this.config)
  }

  override get baseModel(): ModernBertModel {
    return this.model
  }

  protected override predict(hidden: Tensor): Tensor {
    return this.classifier.forward(this.drop.forward(this.head.forward(hidden)))
  }
}
