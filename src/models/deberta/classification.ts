import { Dropout } from '../../nn/dropout.js'
import { Module } from '../../nn/module.js'
import type { Tensor } from '../../tensor/tensor.js'
import type { DebertaV2Config } from './config.js'
import { DEBERTA_NAMES, DebertaV2Model } from './deberta.js'
import { firstTokens } from '../shared/encoder-input.js'
import type { EncoderOutput } from '../shared/encoder-input.js'
import type { Ids } from '../../generation/ids.js'
import { activation, linear, within } from '../shared/parts.js'
import type { Layer } from '../shared/parts.js'
import { freshWeights } from '../shared/pretrained.js'
import type { FreshOptions, WeightSource } from '../shared/pretrained.js'
import { SequenceClassifier } from '../shared/sequence-classifier.js'

/** `act(dense(dropout(x₀)))`, x₀ the first token. */
class ContextPooler extends Module {
  dense: Layer
  dropout: Dropout
  act: Layer

  constructor(config: DebertaV2Config, take: WeightSource) {
    super()
    const { hidden_size: C, initializer_range: std } = config
    this.dense = linear(take, 'dense', C, C, { std, wide: true })
    this.dropout = new Dropout(config.pooler_dropout)
    this.act = activation(config.pooler_hidden_act)
  }

  /** `(B, 1, C)` → `(B, C)`. */
  override forward(first: Tensor): Tensor {
    return this.act.forward(this.dense.forward(this.dropout.forward(first.squeeze(1))))
  }
}

/**
 * DeBERTa v2 or v3 with a head on the first token, `classifier(dropout(act(dense(dropout(x₀)))))`: classes, several labels at once, or numbers,
 * according to `problem_type` or the labels.
 *
 * Shapes: `inputIds (B, T)` → `logits (B, num_labels)`, `loss ()`. Parameter names as in Hugging Face checkpoints
 * (`deberta.encoder.layer.0.attention.self.query_proj.weight`, `pooler.dense.weight`, `classifier.weight`). Fresh weights: N(0, initializer_range²); biases and
 * the row of the padding token 0. Unless hidden states are asked for, the last layer is computed for the first token only, with the same result.
 *
 * @example
 * const model = await models.DebertaV2ForSequenceClassification.fromPretrained('deberta-v3-base', { config: { num_labels: 3, cls_dropout: 0.15 } })
 * lora.injectLora(model, { targets: ['query_proj', 'value_proj'], r: 16, loraAlpha: 32 })
 * lora.markOnlyLoraAsTrainable(model)
 * for (const head of [model.pooler, model.classifier]) head.requiresGrad_()      // the head trains too
 * const { loss } = model.train().forward(ids, { attentionMask, labels: [2, 0] })
 */
export class DebertaV2ForSequenceClassification extends SequenceClassifier {
  /** @internal */
  static override readonly checkpoint = {
    className: 'DebertaV2ForSequenceClassification',
    names: DEBERTA_NAMES,
    heads: ['pooler', 'classifier'],
  }
  readonly config: DebertaV2Config
  deberta: DebertaV2Model
  pooler: Layer
  classifier: Layer
  dropout: Dropout

  constructor(
    config: Partial<DebertaV2Config> = {},
    options: FreshOptions = {},
    take = freshWeights('DebertaV2ForSequenceClassification', options),
  ) {
    super()
    this.deberta = new DebertaV2Model(config, {}, within(take, 'deberta'))
    this.config = this.deberta.config
    const { hidden_size: C, num_labels, initializer_range: std, hidden_dropout_prob } = this.config
    this.pooler = new ContextPooler(this.config, within(take, 'pooler'))
    this.classifier = linear(take, 'classifier', C, num_labels, { std, wide: true })
    this.dropout = new Dropout(this.config.cls_dropout ?? hidden_dropout_prob)
  }

  override get baseModel(): DebertaV2Model {
    return this.deberta
  }

  protected override score(owner: string, { lastHiddenState }: EncoderOutput, mask: Ids | null | undefined): Tensor {
    const pooled = this.pooler.forward(firstTokens(owner, lastHiddenState, mask))
    return this.classifier.forward(this.dropout.forward(pooled))
  }
}
