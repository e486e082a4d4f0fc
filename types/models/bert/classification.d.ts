// Generated from src/models/bert/classification.ts by `npm run api`. Do not edit.

import { Dropout } from '../../nn/dropout.js'
import type { Tensor } from '../../tensor/tensor.js'
import { BertModel } from './bert.js'
import type { BertConfig } from './bert.js'
import type { EncoderOutput } from '../shared/encoder-input.js'
import type { Layer } from '../shared/parts.js'
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
export declare class BertForSequenceClassification extends SequenceClassifier {
  readonly config: BertConfig
  bert: BertModel
  dropout: Dropout
  classifier: Layer
  constructor(
    config?: Partial<BertConfig>,
    options?: FreshOptions,
    take?: import('../shared/pretrained.js').WeightSource,
  )
  get baseModel(): BertModel
  protected score(_: string, { poolerOutput }: EncoderOutput): Tensor
}
