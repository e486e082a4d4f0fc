// Generated from src/models/deberta/token-classification.ts by `npm run api`. Do not edit.

import { Dropout } from '../../nn/dropout.js'
import type { Tensor } from '../../tensor/tensor.js'
import type { DebertaV2Config } from './config.js'
import type { Ids } from '../../generation/ids.js'
import type { EncoderOptions } from '../shared/encoder-input.js'
import { DebertaV2Model } from './deberta.js'
import type { Layer } from '../shared/parts.js'
import type { FreshOptions } from '../shared/pretrained.js'
import { TokenClassifier } from '../shared/token-classifier.js'
/**
 * DeBERTa v2 or v3 with a dense layer on each token, `classifier(dropout(x))`.
 *
 * Shapes: `inputIds (B, T)` → `logits (B, T, num_labels)`, `loss ()`. Parameter names as in Hugging Face checkpoints
 * (`deberta.encoder.layer.0.attention.self.query_proj.weight`, `classifier.weight`). Fresh weights: N(0, initializer_range²); biases 0.
 */
export declare class DebertaV2ForTokenClassification extends TokenClassifier {
  readonly config: DebertaV2Config
  deberta: DebertaV2Model
  dropout: Dropout
  classifier: Layer
  constructor(
    config?: Partial<DebertaV2Config>,
    options?: FreshOptions,
    take?: import('../shared/pretrained.js').WeightSource,
  )
  get baseModel(): DebertaV2Model
  /** @throws {OptionError} for labels of padding: in transformers it attends to all tokens evenly, here it is not computed. */
  protected withPadding(owner: string, options: EncoderOptions, labels: Ids): EncoderOptions
  protected predict(hidden: Tensor): Tensor
}
