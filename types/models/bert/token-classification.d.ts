// Generated from src/models/bert/token-classification.ts by `npm run api`. Do not edit.

import { Dropout } from '../../nn/dropout.js'
import type { Tensor } from '../../tensor/tensor.js'
import { BertModel } from './bert.js'
import type { BertConfig } from './bert.js'
import type { Layer } from '../shared/parts.js'
import type { FreshOptions } from '../shared/pretrained.js'
import { TokenClassifier } from '../shared/token-classifier.js'
/**
 * BERT with a dense layer on each token, `classifier(dropout(x))`.
 *
 * Shapes: `inputIds (B, T)` → `logits (B, T, num_labels)`, `loss ()`. Parameter names as in Hugging Face checkpoints
 * (`bert.encoder.layer.0.attention.self.query.weight`, `classifier.weight`). Fresh weights: N(0, initializer_range²); biases 0.
 */
export declare class BertForTokenClassification extends TokenClassifier {
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
  protected predict(hidden: Tensor): Tensor
}
