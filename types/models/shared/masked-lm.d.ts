// Generated from src/models/shared/masked-lm.ts by `npm run api`. Do not edit.

import type { Tensor } from '../../tensor/tensor.js'
import type { EncoderOptions, EncoderOutput } from './encoder-input.js'
import type { EncoderModel } from './encoder-model.js'
import type { Ids } from '../../generation/ids.js'
import type { Layer } from './parts.js'
import { PretrainedEncoder } from './pretrained-encoder.js'
import type { SaveOptions } from './pretrained.js'
/** Options of the forward of a model that predicts masked tokens. */
export interface MaskedLMOptions extends EncoderOptions {
  /**
   * The token that belongs at each position, (B, T); −100 is ignored, and is the label of all tokens that were not masked. Given as rows of numbers, the
   * head runs only on the positions with a label. @shallow @default none
   */
  labels?: Ids | null
}
/** The output of a model that predicts masked tokens; `Loss` is a tensor after a forward with labels. */
export declare class MaskedLMOutput<Loss extends Tensor | null = Tensor | null> {
  /** Mean cross entropy over the labels that count; null without labels. */
  readonly loss: Loss
  /** Output of the last layer, (B, T, C). */
  readonly lastHiddenState: Tensor
  readonly hiddenStates: Tensor[] | null
  private readonly head
  private readonly recordsGrad
  private readonly inContext
  private computed
  constructor(encoded: EncoderOutput, head: (hidden: Tensor) => Tensor, loss: Loss)
  /** Scores over the vocabulary, (B, T, V). After a forward with labels they are computed on first access. */
  get logits(): Tensor
}
/**
 * An encoder with the head of its pre-training, which predicts masked tokens.
 *
 * Shapes: `inputIds (B, T)` → `logits (B, T, V)`, `loss ()`.
 */
export declare abstract class MaskedLM extends PretrainedEncoder {
  abstract readonly config: {
    tie_word_embeddings: boolean
  } & Record<string, unknown>
  /** The model below the head. */
  abstract get baseModel(): EncoderModel
  /** The layer that gives the scores over the vocabulary. */
  protected abstract get scorer(): Layer
  /** The weight of the token embedding, which a tied head shares. */
  protected abstract get words(): Tensor
  /** (B, T, C) → (B, T, V). */
  protected abstract predict(hidden: Tensor): Tensor
  /** Mean cross entropy of the labels that count, `()`. */
  protected abstract loss(owner: string, hidden: Tensor, labels: Ids): Tensor
  /** Scores over the vocabulary at each position, and the loss on `labels`. */
  forward(
    inputIds: Ids,
    options: MaskedLMOptions & {
      labels: Ids
    },
  ): MaskedLMOutput<Tensor>
  /** Scores over the vocabulary at each position; `loss` is null without labels. */
  forward(inputIds: Ids, options?: MaskedLMOptions): MaskedLMOutput
  /**
   * Writes `config.json` and `model.safetensors`, as transformers does, without what is tied. A head that is no longer tied, because the embedding was
   * adapted and merged without it, is written, and `tie_word_embeddings` is then false.
   */
  savePretrained(dir: string, options?: SaveOptions): Promise<void>
  /** Backward recomputes layers in place of keeping what they computed. @see {@link EncoderModel.gradientCheckpointingEnable} */
  gradientCheckpointingEnable(): void
  /** The opposite of {@link gradientCheckpointingEnable}. */
  gradientCheckpointingDisable(): void
}
