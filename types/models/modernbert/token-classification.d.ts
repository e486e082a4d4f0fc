// Generated from src/models/modernbert/token-classification.ts by `npm run api`. Do not edit.

import { Dropout } from '../../nn/dropout.js'
import type { Tensor } from '../../tensor/tensor.js'
import type { ModernBertConfig } from './config.js'
import { ModernBertModel, ModernBertPredictionHead } from './modernbert.js'
import type { Layer } from '../shared/parts.js'
import type { FreshOptions } from '../shared/pretrained.js'
import { TokenClassifier } from '../shared/token-classifier.js'
/**
 * ModernBERT with a head on each token, `classifier(dropout(norm(act(dense(x)))))`.
 *
 * Shapes: `inputIds (B, T)` → `logits (B, T, num_labels)`, `loss ()`. Parameter names as in Hugging Face checkpoints
 * (`model.layers.0.attn.Wqkv.weight`, `head.dense.weight`, `classifier.weight`).
 */
export declare class ModernBertForTokenClassification extends TokenClassifier {
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
  protected predict(hidden: Tensor): Tensor
}
