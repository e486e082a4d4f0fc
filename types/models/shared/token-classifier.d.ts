// Generated from src/models/shared/token-classifier.ts by `npm run api`. Do not edit.

import type { Tensor } from '../../tensor/tensor.js'
import type { EncoderOptions } from './encoder-input.js'
import type { EncoderModel } from './encoder-model.js'
import type { Ids } from '../../generation/ids.js'
import type { LabelsConfig } from './labels-config.js'
import type { Layer } from './parts.js'
import { PretrainedEncoder } from './pretrained-encoder.js'
import type { SaveOptions } from './pretrained.js'
import type { TokenClassifierOutput } from './token-classification.js'
/** Options of the forward of an encoder that labels tokens. */
export interface TokenClassificationOptions extends EncoderOptions {
  /** The class of each token, (B, T); −100 is ignored, and is the label of padding and of the tokens that continue a word. @shallow @default none */
  labels?: Ids | null
}
/**
 * An encoder with a head that labels each token with a class, as for names in a text.
 *
 * Shapes: `inputIds (B, T)` → `logits (B, T, num_labels)`, `loss ()`. Padding that is known here is not computed unless it has a label: the scores there mean nothing.
 */
export declare abstract class TokenClassifier extends PretrainedEncoder {
  abstract readonly config: LabelsConfig & Record<string, unknown>
  /** The head, or its last layer; its output are the logits. */
  abstract classifier: Layer
  /** The model below the head. Parameters outside of it belong to the head. */
  abstract get baseModel(): EncoderModel
  /** (B, T, C) → (B, T, num_labels). */
  protected abstract predict(hidden: Tensor): Tensor
  /** The options under which the hidden states of padding, which may have labels, are those of transformers. */
  protected withPadding(owner: string, options: EncoderOptions, _labels: Ids): EncoderOptions
  /** Scores of each label for each token, and the loss on `labels`. */
  forward(
    inputIds: Ids,
    options: TokenClassificationOptions & {
      labels: Ids
    },
  ): TokenClassifierOutput<Tensor>
  /** Scores of each label for each token; `loss` is null without labels. */
  forward(inputIds: Ids, options?: TokenClassificationOptions): TokenClassifierOutput
  /** Writes `config.json` and `model.safetensors`, as transformers does. */
  savePretrained(dir: string, options?: SaveOptions): Promise<void>
  /** Backward recomputes layers in place of keeping what they computed. @see {@link EncoderModel.gradientCheckpointingEnable} */
  gradientCheckpointingEnable(): void
  /** The opposite of {@link gradientCheckpointingEnable}. */
  gradientCheckpointingDisable(): void
}
