import { GELU } from '../nn/activations.js'
import type { LayerNorm } from '../nn/layer-norm.js'
import { Linear } from '../nn/linear.js'
import { Module } from '../nn/module.js'
import { checkKeys } from '../nn/options.js'
import { isGradEnabled, noGrad } from '../scope.js'
import type { Tensor } from '../tensor.js'
import { ENCODER_KEYS } from './encoder-input.js'
import type { EncoderOptions, EncoderOutput } from './encoder-input.js'
import type { Ids } from './ids.js'
import { layerNorm, linear, within } from './parts.js'
import type { Layer } from './parts.js'
import { freshWeights, savePretrained } from './pretrained.js'
import type { FreshOptions, PretrainedOptions, SaveOptions, WeightSource } from './pretrained.js'
import type { RobertaConfig } from './roberta-config.js'
import { RobertaModel, readRoberta, savedConfig } from './roberta.js'
import { tokenLoss } from './token-loss.js'

/** Options of the forward of {@link RobertaForMaskedLM}. */
export interface MaskedLMOptions extends EncoderOptions {
  /**
   * The token that belongs at each position, (B, T); −100 counts not, and is the label of all tokens that were not masked. Given as rows of numbers, the
   * head runs only on the positions that count.
   */
  labels?: Ids | null
}

/** What a model that predicts masked tokens returns. */
export class MaskedLMOutput {
  /** Mean cross entropy over the labels that count; null without labels. */
  readonly loss: Tensor | null
  /** Output of the last layer, (B, T, C). */
  readonly lastHiddenState: Tensor
  readonly hiddenStates: Tensor[] | null
  private readonly head: (hidden: Tensor) => Tensor
  private readonly recordsGrad: boolean
  private computed: Tensor | null

  constructor(encoded: EncoderOutput, head: (hidden: Tensor) => Tensor, loss: Tensor | null) {
    this.loss = loss
    this.lastHiddenState = encoded.lastHiddenState
    this.hiddenStates = encoded.hiddenStates
    this.head = head
    this.recordsGrad = isGradEnabled()
    this.computed = loss === null ? head(this.lastHiddenState) : null
  }

  /** Scores over the vocabulary, (B, T, V). After a forward with labels they are computed when first asked for. */
  get logits(): Tensor {
    const compute = () => this.head(this.lastHiddenState)
    this.computed ??= this.recordsGrad ? compute() : noGrad(compute)
    return this.computed
  }
}

/** `decoder(norm(gelu(dense(x))))`: `decoder` holds the weight of the token embedding when the two are tied, and the bias of the head. */
class RobertaLMHead extends Module {
  bias: Tensor
  dense: Layer
  layer_norm: LayerNorm
  decoder: Layer
  gelu: GELU

  constructor(config: RobertaConfig, words: Tensor, take: WeightSource) {
    super()
    const { hidden_size: C, vocab_size: V, initializer_range: std } = config
    this.dense = linear(take, 'dense', C, C, std)
    this.layer_norm = layerNorm(take, 'layer_norm', C, config.layer_norm_eps)
    this.bias = take('bias', [V], { value: 0 })
    const weight = config.tie_word_embeddings ? words : take('decoder.weight', [V, C], { std })
    this.decoder = new Linear(C, V, { weight, bias: this.bias })
    this.gelu = new GELU()
  }

  override forward(x: Tensor): Tensor {
    return this.decoder.forward(this.layer_norm.forward(this.gelu.forward(this.dense.forward(x))))
  }
}

/**
 * RoBERTa with the head that it is trained with: which token stands behind `<mask>`.
 *
 * Shapes: `inputIds (B, T)` → `logits (B, T, V)`, `loss ()`. Parameter names as in Hugging Face checkpoints (`lm_head.dense.weight`).
 *
 * @example
 * const model = await models.RobertaForMaskedLM.fromPretrained('roberta-base')
 * const { logits } = lora.noGrad(() => model.forward([tokenizer.encode('Paris is the <mask> of France.')]))
 */
export class RobertaForMaskedLM extends Module {
  readonly config: RobertaConfig
  roberta: RobertaModel
  lm_head: RobertaLMHead

  constructor(
    config: Partial<RobertaConfig> = {},
    options: FreshOptions = {},
    take = freshWeights('RobertaForMaskedLM', options),
  ) {
    super()
    this.roberta = new RobertaModel(config, { addPoolingLayer: false }, within(take, 'roberta'))
    this.config = this.roberta.config
    this.lm_head = new RobertaLMHead(this.config, this.words, within(take, 'lm_head'))
  }

  /** A model with fresh weights, in training mode. */
  static fromConfig(config: Partial<RobertaConfig>, options: FreshOptions = {}): RobertaForMaskedLM {
    return new RobertaForMaskedLM(config, options)
  }

  /**
   * Reads a folder with `config.json` and the weights of a RoBERTa; the model is in evaluation mode. A head that the file lacks starts fresh, with
   * a warning.
   * @throws {KeyError} listing every missing, unexpected and misshapen tensor at once.
   */
  static async fromPretrained(dir: string, options: PretrainedOptions = {}): Promise<RobertaForMaskedLM> {
    const { config, weights } = await readRoberta(dir, options, ['lm_head'])
    const model = new RobertaForMaskedLM(config, {}, weights.take)
    const tied = model.config.tie_word_embeddings ? ['lm_head.decoder.weight'] : []
    weights.close({ ignore: [...tied, 'lm_head.decoder.bias'] })
    return model.eval()
  }

  /**
   * Writes `config.json` and `model.safetensors`, as transformers does: what is tied is left out. A head that is tied no longer, because the embedding was
   * adapted and merged without it, is written, and the configuration says so.
   */
  async savePretrained(dir: string, options: SaveOptions = {}): Promise<void> {
    const { decoder } = this.lm_head
    const tied = 'weight' in decoder && decoder.weight === this.words
    const leaveOut = tied ? ['lm_head.decoder.weight', 'lm_head.decoder.bias'] : []
    const config = { ...savedConfig(this.config, 'RobertaForMaskedLM'), tie_word_embeddings: tied }
    await savePretrained(this, dir, { ...options, leaveOut, config })
  }

  /** @see {@link RobertaModel.gradientCheckpointingEnable} */
  gradientCheckpointingEnable(): void {
    this.roberta.gradientCheckpointingEnable()
  }

  /** @see {@link RobertaModel.gradientCheckpointingDisable} */
  gradientCheckpointingDisable(): void {
    this.roberta.gradientCheckpointingDisable()
  }

  override forward(inputIds: Ids, options: MaskedLMOptions = {}): MaskedLMOutput {
    const owner = 'RobertaForMaskedLM.forward'
    checkKeys(owner, options, [...ENCODER_KEYS, 'labels'])
    const { labels, ...rest } = options
    const encoded = this.roberta.forward(inputIds, rest)
    const head = (hidden: Tensor) => this.lm_head.forward(hidden)
    const loss = labels ? tokenLoss(owner, encoded.lastHiddenState, labels, this.lm_head, { shift: 0 }) : null
    return new MaskedLMOutput(encoded, head, loss)
  }

  private get words(): Tensor {
    return this.roberta.embeddings.word_embeddings.weight
  }
}
