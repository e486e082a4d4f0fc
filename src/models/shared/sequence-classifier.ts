// The base of models that label whole sequences: loss, checkpointing, files.
import { checkOptions } from '../../runtime/check-options.js'
import { schemas } from '../../runtime/tables.js'
import type { Tensor } from '../../tensor/tensor.js'
import type { EncoderOptions, EncoderOutput } from './encoder-input.js'
import type { EncoderModel } from './encoder-model.js'
import type { Ids } from '../../generation/ids.js'
import type { LabelsConfig } from './labels-config.js'
import type { Layer } from './parts.js'
import { PretrainedEncoder, savedConfig } from './pretrained-encoder.js'
import { savePretrained } from './pretrained.js'
import type { SaveOptions } from './pretrained.js'
import { sequenceLoss } from './sequence-classification.js'
import type { SequenceClassifierOutput, SequenceLabels } from './sequence-classification.js'

/** Options of the forward of a sequence classifier. */
export interface SequenceClassificationOptions extends EncoderOptions {
  /** The labels to predict: classes or numbers. See {@link SequenceLabels}. @shallow @default none */
  labels?: SequenceLabels | null
}

/**
 * An encoder with a head that labels whole sequences: with classes, several labels at once, or numbers, according to `problem_type` or the labels.
 *
 * Shapes: `inputIds (B, T)` → `logits (B, num_labels)`, `loss ()`. Padding on either side changes nothing: heads read a row's first token, or the mean of
 * its tokens, wherever they are.
 */
export abstract class SequenceClassifier extends PretrainedEncoder {
  abstract override readonly config: LabelsConfig & Record<string, unknown>
  /** The head, or its last layer; its output are the logits. */
  abstract classifier: Layer

  /** The model below the head. Parameters outside of it belong to the head. */
  abstract get baseModel(): EncoderModel

  /** Whether the head needs the first token of each row alone. */
  protected get readsFirstToken(): boolean {
    return true
  }

  /** The logits (B, num_labels) from the output of the base model. */
  protected abstract score(owner: string, encoded: EncoderOutput, mask: Ids | null | undefined): Tensor

  /** Scores of each label, and the loss on `labels`. */
  override forward(
    inputIds: Ids,
    options: SequenceClassificationOptions & { labels: SequenceLabels },
  ): SequenceClassifierOutput<Tensor>
  /** Scores of each label; `loss` is null without labels. */
  override forward(inputIds: Ids, options?: SequenceClassificationOptions): SequenceClassifierOutput
  override forward(inputIds: Ids, options: SequenceClassificationOptions = {}): SequenceClassifierOutput {
    const owner = `${this.constructor.name}.forward`
    checkOptions(owner, options, schemas.SequenceClassificationOptions)
    const { labels, ...rest } = options
    const part = this.readsFirstToken && !options.outputHiddenStates ? { positionsToKeep: 1 } : {}
    const encoded = this.baseModel.forward(inputIds, { ...rest, ...part })
    const logits = this.score(owner, encoded, options.attentionMask)
    const loss = labels ? sequenceLoss(owner, logits, labels, this.config) : null
    return { loss, logits, hiddenStates: encoded.hiddenStates }
  }

  /** Writes `config.json` and `model.safetensors`, as transformers does. */
  async savePretrained(dir: string, options: SaveOptions = {}): Promise<void> {
    await savePretrained(this, dir, { ...options, leaveOut: [], config: savedConfig(this.config, this.architecture) })
  }

  /** Backward recomputes layers in place of keeping what they computed. @see {@link EncoderModel.gradientCheckpointingEnable} */
  gradientCheckpointingEnable(): void {
    this.baseModel.gradientCheckpointingEnable()
  }

  /** The opposite of {@link gradientCheckpointingEnable}. */
  gradientCheckpointingDisable(): void {
    this.baseModel.gradientCheckpointingDisable()
  }
}
