// The base of encoders that label single tokens: loss, checkpointing, files.
import { checkOptions } from '../../runtime/check-options.js'
import { schemas } from '../../runtime/tables.js'
import type { Tensor } from '../../tensor/tensor.js'
import { maskedOnly } from './encoder-input.js'
import type { EncoderOptions } from './encoder-input.js'
import type { EncoderModel } from './encoder-model.js'
import type { Ids } from '../../generation/ids.js'
import type { LabelsConfig } from './labels-config.js'
import type { Layer } from './parts.js'
import { PretrainedEncoder, savedConfig } from './pretrained-encoder.js'
import { savePretrained } from './pretrained.js'
import type { SaveOptions } from './pretrained.js'
import { labelsPadding, tokenClassLoss } from './token-classification.js'
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
export abstract class TokenClassifier extends PretrainedEncoder {
  abstract override readonly config: LabelsConfig & Record<string, unknown>
  /** The head, or its last layer; its output are the logits. */
  abstract classifier: Layer

  /** The model below the head. Parameters outside of it belong to the head. */
  abstract get baseModel(): EncoderModel

  /** (B, T, C) → (B, T, num_labels). */
  protected abstract predict(hidden: Tensor): Tensor

  /** The options under which the hidden states of padding, which may have labels, are those of transformers. */
  protected withPadding(owner: string, options: EncoderOptions, _labels: Ids): EncoderOptions {
    return maskedOnly(owner, options)
  }

  /** Scores of each label for each token, and the loss on `labels`. */
  override forward(inputIds: Ids, options: TokenClassificationOptions & { labels: Ids }): TokenClassifierOutput<Tensor>
  /** Scores of each label for each token; `loss` is null without labels. */
  override forward(inputIds: Ids, options?: TokenClassificationOptions): TokenClassifierOutput
  override forward(inputIds: Ids, options: TokenClassificationOptions = {}): TokenClassifierOutput {
    const owner = `${this.constructor.name}.forward`
    checkOptions(owner, options, schemas.TokenClassificationOptions)
    const { labels, ...rest } = options
    const labelled = labelsPadding(labels, rest.attentionMask) ? this.withPadding(owner, rest, labels!) : rest
    const encoded = this.baseModel.forward(inputIds, labelled)
    const logits = this.predict(encoded.lastHiddenState)
    const loss = labels ? tokenClassLoss(owner, logits, labels) : null
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
