// Generated from src/models/roberta/token-classification.ts by `npm run api`. Do not edit.

import { Dropout } from '../../nn/dropout.js'
import type { Tensor } from '../../tensor/tensor.js'
import { RobertaModel } from './roberta.js'
import type { RobertaConfig } from './roberta.js'
import type { Layer } from '../shared/parts.js'
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
export declare class RobertaForTokenClassification extends TokenClassifier {
  readonly config: RobertaConfig
  roberta: RobertaModel
  dropout: Dropout
  classifier: Layer
  constructor(
    config?: Partial<RobertaConfig>,
    options?: FreshOptions,
    take?: import('../shared/pretrained.js').WeightSource,
  )
  get baseModel(): RobertaModel
  protected predict(hidden: Tensor): Tensor
}
