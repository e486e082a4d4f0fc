// The base of models that predict masked tokens: loss, checkpointing, files.
import { sameContext } from '../../autograd/running-forward.js'
import { checkOptions } from '../../runtime/check-options.js'
import { schemas } from '../../runtime/tables.js'
import { Linear } from '../../nn/linear.js'
import { isGradEnabled, noGrad } from '../../tensor/scope.js'
import type { Tensor } from '../../tensor/tensor.js'
import { maskedOnly } from './encoder-input.js'
import type { EncoderOptions, EncoderOutput } from './encoder-input.js'
import type { EncoderModel } from './encoder-model.js'
import type { Ids } from '../../generation/ids.js'
import type { Layer } from './parts.js'
import { PretrainedEncoder, savedConfig } from './pretrained-encoder.js'
import { savePretrained } from './pretrained.js'
import type { SaveOptions, WeightSource } from './pretrained.js'
import { labelsPadding } from './token-classification.js'

/** Options of the forward of a model that predicts masked tokens. */
export interface MaskedLMOptions extends EncoderOptions {
  /**
   * The token that belongs at each position, (B, T); −100 is ignored, and is the label of all tokens that were not masked. Given as rows of numbers, the
   * head runs only on the positions with a label. @shallow @default none
   */
  labels?: Ids | null
}

/** The output of a model that predicts masked tokens; `Loss` is a tensor after a forward with labels. */
export class MaskedLMOutput<Loss extends Tensor | null = Tensor | null> {
  /** Mean cross entropy over the labels that count; null without labels. */
  readonly loss: Loss
  /** Output of the last layer, (B, T, C). */
  readonly lastHiddenState: Tensor
  readonly hiddenStates: Tensor[] | null
  private readonly head: (hidden: Tensor) => Tensor
  private readonly recordsGrad: boolean
  private readonly inContext = sameContext()
  private computed: Tensor | null

  constructor(encoded: EncoderOutput, head: (hidden: Tensor) => Tensor, loss: Loss) {
    this.loss = loss
    this.lastHiddenState = encoded.lastHiddenState
    this.hiddenStates = encoded.hiddenStates
    this.head = head
    this.recordsGrad = isGradEnabled()
    this.computed = loss === null ? head(this.lastHiddenState) : null
  }

  /** Scores over the vocabulary, (B, T, V). After a forward with labels they are computed on first access. */
  get logits(): Tensor {
    const compute = () => this.inContext(() => this.head(this.lastHiddenState))
    this.computed ??= this.recordsGrad ? compute() : noGrad(compute)
    return this.computed
  }
}

/**
 * The layer `decoder` that ends the heads of BERT and RoBERTa. With `tie_word_embeddings` it has the weight of the token embedding and the bias of the head;
 * without, both are its own, and the head's `bias` is a parameter that nothing reads, as in transformers. Files of releases that tied the bias in any case hold
 * that one alone, and then it serves.
 */
export function tokenScorer(
  config: { hidden_size: number; vocab_size: number; initializer_range: number; tie_word_embeddings: boolean },
  words: Tensor,
  bias: Tensor,
  take: WeightSource,
): Linear {
  const { hidden_size: C, vocab_size: V, initializer_range: std } = config
  if (config.tie_word_embeddings) return new Linear(C, V, { weight: words, bias })
  const weight = take('decoder.weight', [V, C], { std })
  return new Linear(C, V, { weight, bias: take('decoder.bias', [V], { value: 0, shared: bias }) })
}

/**
 * An encoder with the head of its pre-training, which predicts masked tokens.
 *
 * Shapes: `inputIds (B, T)` → `logits (B, T, V)`, `loss ()`.
 */
export abstract class MaskedLM extends PretrainedEncoder {
  abstract override readonly config: { tie_word_embeddings: boolean } & Record<string, unknown>

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
  override forward(inputIds: Ids, options: MaskedLMOptions & { labels: Ids }): MaskedLMOutput<Tensor>
  /** Scores over the vocabulary at each position; `loss` is null without labels. */
  override forward(inputIds: Ids, options?: MaskedLMOptions): MaskedLMOutput
  override forward(inputIds: Ids, options: MaskedLMOptions = {}): MaskedLMOutput {
    const owner = `${this.constructor.name}.forward`
    checkOptions(owner, options, schemas.MaskedLMOptions)
    const { labels, ...rest } = options
    const readsPadding = labelsPadding(labels, rest.attentionMask)
    const encoded = this.baseModel.forward(inputIds, readsPadding ? maskedOnly(owner, rest) : rest)
    const loss = labels ? this.loss(owner, encoded.lastHiddenState, labels) : null
    return new MaskedLMOutput(encoded, (hidden) => this.predict(hidden), loss)
  }

  /**
   * Writes `config.json` and `model.safetensors`, as transformers does, without what is tied. A head that is no longer tied, because the embedding was
   * adapted and merged without it, is written, and `tie_word_embeddings` is then false.
   */
  async savePretrained(dir: string, options: SaveOptions = {}): Promise<void> {
    const tied = 'weight' in this.scorer && this.scorer.weight === this.words
    const config = { ...savedConfig(this.config, this.architecture), tie_word_embeddings: tied }
    await savePretrained(this, dir, { ...options, leaveOut: tied ? this.checkpoint.tied! : [], config })
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
