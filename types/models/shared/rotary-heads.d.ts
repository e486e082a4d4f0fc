// Generated from src/models/shared/rotary-heads.ts by `npm run api`. Do not edit.

import { Dropout } from '../../nn/dropout.js'
import { DecoderSequenceClassifier, DecoderTokenClassifier } from './decoder-heads.js'
import type { LabelsConfig } from './labels-config.js'
import type { Layer } from './parts.js'
import type { ModelClass } from './pretrained-model.js'
import type { FreshOptions, PretrainedOptions, WeightSource } from './pretrained.js'
import type { RotaryDecoder } from './rotary-decoder.js'
/**
 * A {@link RotaryDecoder} that labels whole sequences by the last token of each, with a dense layer `score` without bias.
 *
 * Shapes: `inputIds (B, T)` → `logits (B, num_labels)`, `loss ()`. Parameter names as in Hugging Face checkpoints (`model.layers.0.self_attn.q_proj.weight`,
 * `score.weight`). Fresh weights: N(0, initializer_range²); those of the head are f32 even in a bf16 or f16 model.
 * @see {@link LlamaForSequenceClassification} for an example.
 */
export declare abstract class RotarySequenceClassifier<
  Model extends RotaryDecoder = RotaryDecoder,
> extends DecoderSequenceClassifier {
  readonly config: Model['config'] & LabelsConfig
  model: Model
  score: Layer
  constructor(config?: Partial<Model['config'] & LabelsConfig>, options?: FreshOptions, take?: WeightSource)
  /**
   * Reads a folder with `config.json` and the weights of any model of this family; the model is in evaluation mode, as in transformers. A file without `score`
   * gets a fresh one, with a warning; a language-model head is left out.
   * @throws {KeyError} listing every missing, unexpected and misshapen tensor at once.
   */
  static fromPretrained<M extends RotarySequenceClassifier>(
    this: ModelClass<M, FreshOptions>,
    dir: string,
    options?: PretrainedOptions,
  ): Promise<M>
  get baseModel(): Model
  get classifier(): Layer
}
/**
 * A {@link RotaryDecoder} that labels each token, with a dense layer `score` after a dropout of `classifier_dropout`, else `hidden_dropout`, else 0.1.
 *
 * Shapes: `inputIds (B, T)` → `logits (B, T, num_labels)`, `loss ()`. Parameter names as in Hugging Face checkpoints (`model.layers.0.self_attn.q_proj.weight`,
 * `score.weight`). Fresh weights: N(0, initializer_range²), biases 0; those of the head are f32 even in a bf16 or f16 model.
 */
export declare abstract class RotaryTokenClassifier<
  Model extends RotaryDecoder = RotaryDecoder,
> extends DecoderTokenClassifier {
  readonly config: Model['config'] & LabelsConfig
  model: Model
  dropout: Dropout
  score: Layer
  constructor(config?: Partial<Model['config'] & LabelsConfig>, options?: FreshOptions, take?: WeightSource)
  /** @see {@link RotarySequenceClassifier.fromPretrained} */
  static fromPretrained<M extends RotaryTokenClassifier>(
    this: ModelClass<M, FreshOptions>,
    dir: string,
    options?: PretrainedOptions,
  ): Promise<M>
  get baseModel(): Model
  get classifier(): Layer
}
