// Generated from src/models/deberta/classification.ts by `npm run api`. Do not edit.

import { Dropout } from '../../nn/dropout.js'
import type { Tensor } from '../../tensor/tensor.js'
import type { DebertaV2Config } from './config.js'
import { DebertaV2Model } from './deberta.js'
import type { EncoderOutput } from '../shared/encoder-input.js'
import type { Ids } from '../../generation/ids.js'
import type { Layer } from '../shared/parts.js'
import type { FreshOptions, WeightSource } from '../shared/pretrained.js'
import { SequenceClassifier } from '../shared/sequence-classifier.js'
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
export declare class DebertaV2ForSequenceClassification extends SequenceClassifier {
  readonly config: DebertaV2Config
  deberta: DebertaV2Model
  pooler: Layer
  classifier: Layer
  dropout: Dropout
  constructor(config?: Partial<DebertaV2Config>, options?: FreshOptions, take?: WeightSource)
  get baseModel(): DebertaV2Model
  protected score(owner: string, { lastHiddenState }: EncoderOutput, mask: Ids | null | undefined): Tensor
}
