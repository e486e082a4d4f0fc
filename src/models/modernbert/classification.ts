import { Dropout } from '../../nn/dropout.js'
import type { Tensor } from '../../tensor/tensor.js'
import { firstTokens, meanOfTokens } from '../shared/encoder-input.js'
import type { EncoderOutput } from '../shared/encoder-input.js'
import type { Ids } from '../../generation/ids.js'
import { cutDense } from './layer.js'
import type { ModernBertConfig } from './config.js'
import { MODERNBERT_NAMES, ModernBertModel, ModernBertPredictionHead } from './modernbert.js'
import { within } from '../shared/parts.js'
import type { Layer } from '../shared/parts.js'
import { freshWeights } from '../shared/pretrained.js'
import type { FreshOptions } from '../shared/pretrained.js'
import { SequenceClassifier } from '../shared/sequence-classifier.js'

/**
 * ModernBERT with a head on the first token or on the mean of all, according to `classifier_pooling`: `classifier(dropout(norm(act(dense(x)))))`. It predicts
 * classes, several labels at once, or numbers, according to `problem_type` or the labels.
 *
 * Shapes: `inputIds (B, T)` → `logits (B, num_labels)`, `loss ()`. Parameter names as in Hugging Face checkpoints
 * (`model.layers.0.attn.Wqkv.weight`, `head.dense.weight`, `classifier.weight`).
 *
 * @example
 * const model = await models.ModernBertForSequenceClassification.fromPretrained('ModernBERT-base', { config: { num_labels: 3 } })
 * lora.injectLora(model, { targets: ['Wqkv'], r: 8, loraAlpha: 16, enableLora: [true, false, true] })
 * lora.markOnlyLoraAsTrainable(model)
 * for (const head of [model.head, model.classifier]) head.requiresGrad_()      // the head trains too
 * const { loss } = model.train().forward(ids, { attentionMask, labels: [2, 0] })
 */
export class ModernBertForSequenceClassification extends SequenceClassifier {
  /** @internal */
  static override readonly checkpoint = {
    className: 'ModernBertForSequenceClassification',
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
    take = freshWeights('ModernBertForSequenceClassification', options),
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

  protected override get readsFirstToken(): boolean {
    return this.config.classifier_pooling === 'cls'
  }

  protected override score(owner: string, { lastHiddenState }: EncoderOutput, mask: Ids | null | undefined): Tensor {
    const pooled = this.readsFirstToken
      ? firstTokens(owner, lastHiddenState, mask).squeeze(1)
      : meanOfTokens(owner, lastHiddenState, mask) // (B, C)
    return this.classifier.forward(this.drop.forward(this.head.forward(pooled)))
  }
}
