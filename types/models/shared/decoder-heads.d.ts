// Generated from src/models/shared/decoder-heads.ts by `npm run api`. Do not edit.

import type { Tensor } from '../../tensor/tensor.js'
import type { Ids } from '../../generation/ids.js'
import type { Dropout } from '../../nn/dropout.js'
import type { Decoder, DecoderOptions } from './decoder.js'
import type { LabelsConfig } from './labels-config.js'
import type { Layer } from './parts.js'
import { PretrainedModel } from './pretrained-model.js'
import type { SaveOptions } from './pretrained.js'
import type { SequenceClassifierOutput, SequenceLabels } from './sequence-classification.js'
import type { TokenClassifierOutput } from './token-classification.js'
/** Options of the forward of a decoder that labels whole sequences. */
export interface DecoderSequenceClassificationOptions extends Pick<
  DecoderOptions,
  'attentionMask' | 'positionIds' | 'outputHiddenStates'
> {
  /** The labels to predict: classes or numbers. See {@link SequenceLabels}. @shallow @default none */
  labels?: SequenceLabels | null
}
/** Options of the forward of a decoder that labels tokens. */
export interface DecoderTokenClassificationOptions extends Pick<
  DecoderOptions,
  'attentionMask' | 'positionIds' | 'outputHiddenStates'
> {
  /** The class of each token, (B, T); −100 is ignored, and is the label of padding and of the tokens that continue a word. @shallow @default none */
  labels?: Ids | null
}
/** A configuration with the fields about labels. */
export type DecoderHeadConfig = LabelsConfig & {
  pad_token_id: number | null
} & Record<string, unknown>
/** A decoder under a head: files and checkpointing. */
declare abstract class DecoderWithHead extends PretrainedModel {
  abstract readonly config: DecoderHeadConfig
  /** The head, a dense layer; its output are the logits. */
  abstract readonly classifier: Layer
  /** The model below the head. Parameters outside of it belong to the head. */
  abstract get baseModel(): Decoder
  /** Writes `config.json` and `model.safetensors`, as transformers does. */
  savePretrained(dir: string, options?: SaveOptions): Promise<void>
  /** @see {@link CausalLM.gradientCheckpointingEnable} */
  gradientCheckpointingEnable(): void
  /** The opposite of {@link gradientCheckpointingEnable}. */
  gradientCheckpointingDisable(): void
}
/**
 * A decoder with a dense layer on the last token of each row that is not `pad_token_id`, which labels the whole sequence: with classes, several labels at once, or
 * numbers, according to `problem_type` or the labels.
 *
 * Shapes: `inputIds (B, T)` → `logits (B, num_labels)`, `loss ()`. Without a `pad_token_id` it reads the last token, and takes one row at a time.
 */
export declare abstract class DecoderSequenceClassifier extends DecoderWithHead {
  /** Scores of each label, and the loss on `labels`. */
  forward(
    inputIds: Ids,
    options: DecoderSequenceClassificationOptions & {
      labels: SequenceLabels
    },
  ): SequenceClassifierOutput<Tensor>
  /** Scores of each label; `loss` is null without labels. */
  forward(inputIds: Ids, options?: DecoderSequenceClassificationOptions): SequenceClassifierOutput
}
/**
 * A decoder with a dense layer on each token, which labels it with a class: `classifier(dropout(x))`.
 *
 * Shapes: `inputIds (B, T)` → `logits (B, T, num_labels)`, `loss ()`. Padding that is known here is not computed unless it has a label: the scores there mean nothing.
 */
export declare abstract class DecoderTokenClassifier extends DecoderWithHead {
  abstract dropout: Dropout
  /** Scores of each label for each token, and the loss on `labels`. */
  forward(
    inputIds: Ids,
    options: DecoderTokenClassificationOptions & {
      labels: Ids
    },
  ): TokenClassifierOutput<Tensor>
  /** Scores of each label for each token; `loss` is null without labels. */
  forward(inputIds: Ids, options?: DecoderTokenClassificationOptions): TokenClassifierOutput
}
export {}
