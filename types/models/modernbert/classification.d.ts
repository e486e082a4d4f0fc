// Generated from src/models/modernbert/classification.ts by `npm run api`. Do not edit.

import { Dropout } from '../../nn/dropout.js'
import type { Tensor } from '../../tensor/tensor.js'
import type { EncoderOutput } from '../shared/encoder-input.js'
import type { Ids } from '../../generation/ids.js'
import type { ModernBertConfig } from './config.js'
import { ModernBertModel, ModernBertPredictionHead } from './modernbert.js'
import type { Layer } from '../shared/parts.js'
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
export declare class ModernBertForSequenceClassification extends SequenceClassifier {
  readonly config: ModernBertConfig
  model: ModernBertModel
  head: ModernBertPredictionHead
  drop: Dropout
  classifier: Layer
  constructor(
    config?: Partial<ModernBertConfig>,
    options?: FreshOptions,
    take?: import('../shared/pretrained.js').WeightSource,
  )
  get baseModel(): ModernBertModel
  protected get readsFirstToken(): boolean
  protected score(owner: string, { lastHiddenState }: EncoderOutput, mask: Ids | null | undefined): Tensor
}
