// Generated from src/models/gpt2/classification.ts by `npm run api`. Do not edit.

import { Dropout } from '../../nn/dropout.js'
import { DecoderSequenceClassifier, DecoderTokenClassifier } from '../shared/decoder-heads.js'
import type { LabelsConfig } from '../shared/labels-config.js'
import type { Layer } from '../shared/parts.js'
import type { FreshOptions, PretrainedOptions } from '../shared/pretrained.js'
import type { GPT2Config } from './config.js'
import { GPT2Model } from './gpt2.js'
/**
 * GPT-2 with a dense layer on the last token of each sequence, which labels the whole: classes, several labels at once, or numbers.
 *
 * Shapes: `inputIds (B, T)` → `logits (B, num_labels)`, `loss ()`. Parameter names as in Hugging Face checkpoints (`transformer.h.0.attn.c_attn.weight`,
 * `score.weight`). GPT-2 has no padding token: set `pad_token_id` for more than one row.
 */
export declare class GPT2ForSequenceClassification extends DecoderSequenceClassifier {
  readonly config: GPT2Config & LabelsConfig
  transformer: GPT2Model
  score: Layer
  constructor(
    config?: Partial<GPT2Config & LabelsConfig>,
    options?: FreshOptions,
    take?: import('../shared/pretrained.js').WeightSource,
  )
  /**
   * Reads a folder with `config.json` and the weights of any GPT-2; the model is in evaluation mode, as in transformers. A file without `score` gets a fresh one,
   * with a warning; a language-model head is left out.
   * @throws {KeyError} listing every missing, unexpected and misshapen tensor at once.
   */
  static fromPretrained(dir: string, options?: PretrainedOptions): Promise<GPT2ForSequenceClassification>
  get baseModel(): GPT2Model
  get classifier(): Layer
}
/**
 * GPT-2 with a dense layer on each token, which labels it, after a dropout of `classifier_dropout`, else `hidden_dropout`, else 0.1.
 *
 * Shapes: `inputIds (B, T)` → `logits (B, T, num_labels)`, `loss ()`. Parameter names as in Hugging Face checkpoints (`transformer.h.0.attn.c_attn.weight`,
 * `classifier.weight`).
 */
export declare class GPT2ForTokenClassification extends DecoderTokenClassifier {
  readonly config: GPT2Config & LabelsConfig
  transformer: GPT2Model
  dropout: Dropout
  classifier: Layer
  constructor(
    config?: Partial<GPT2Config & LabelsConfig>,
    options?: FreshOptions,
    take?: import('../shared/pretrained.js').WeightSource,
  )
  /** @see {@link GPT2ForSequenceClassification.fromPretrained} */
  static fromPretrained(dir: string, options?: PretrainedOptions): Promise<GPT2ForTokenClassification>
  get baseModel(): GPT2Model
}
