// Generated from src/models/roberta/classification.ts by `npm run api`. Do not edit.

import { Dropout } from '../../nn/dropout.js'
import { Module } from '../../nn/module.js'
import type { Tensor } from '../../tensor/tensor.js'
import type { EncoderOutput } from '../shared/encoder-input.js'
import type { Ids } from '../../generation/ids.js'
import type { Layer } from '../shared/parts.js'
import type { FreshOptions, WeightSource } from '../shared/pretrained.js'
import { RobertaModel } from './roberta.js'
import type { RobertaConfig } from './roberta.js'
import { SequenceClassifier } from '../shared/sequence-classifier.js'
/** `out_proj(dropout(tanh(dense(dropout(x₀)))))`, x₀ the first token. Its weights are f32 even in a bf16 or f16 model, as they are trained. */
export declare class RobertaClassificationHead extends Module {
  dense: Layer
  dropout: Dropout
  out_proj: Layer
  constructor(config: RobertaConfig, take: WeightSource)
  /** `(B, T, C)` → `(B, num_labels)`. */
  forward(features: Tensor): Tensor
}
/**
 * RoBERTa with a head that labels whole sequences: with classes, several labels at once, or numbers, according to `problem_type` or the labels.
 *
 * Shapes: `inputIds (B, T)` → `logits (B, num_labels)`, `loss ()`. Parameter names as in Hugging Face checkpoints
 * (`roberta.encoder.layer.0.attention.self.query.weight`, `classifier.out_proj.weight`). Fresh weights: N(0, initializer_range²); biases and the rows of
 * the padding token 0. The head reads the first token alone: unless hidden states are asked for, the last layer is computed for it only, with the same result.
 *
 * @example
 * const model = await models.RobertaForSequenceClassification.fromPretrained('roberta-base', { config: { num_labels: 3 } })
 * lora.injectLora(model, { targets: ['query', 'value'], r: 8, loraAlpha: 16 })
 * lora.markOnlyLoraAsTrainable(model)
 * model.classifier.requiresGrad_()            // the head trains too
 * model.train()
 * const { loss } = model.forward(batch.inputIds, { attentionMask: batch.attentionMask, labels: [2, 0, 1] })
 * await loss.backward()
 */
export declare class RobertaForSequenceClassification extends SequenceClassifier {
  readonly config: RobertaConfig
  roberta: RobertaModel
  classifier: Layer
  constructor(config?: Partial<RobertaConfig>, options?: FreshOptions, take?: WeightSource)
  get baseModel(): RobertaModel
  protected score(owner: string, { lastHiddenState }: EncoderOutput, mask: Ids | null | undefined): Tensor
}
