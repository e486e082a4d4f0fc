import { GELU } from '../../nn/activations.js'
import type { LayerNorm } from '../../nn/layer-norm.js'
import { Module } from '../../nn/module.js'
import type { Tensor } from '../../tensor/tensor.js'
import type { Ids } from '../../generation/ids.js'
import { MaskedLM, tokenScorer } from '../shared/masked-lm.js'
import { layerNorm, linear, within } from '../shared/parts.js'
import type { Layer } from '../shared/parts.js'
import { freshWeights } from '../shared/pretrained.js'
import type { FreshOptions, WeightSource } from '../shared/pretrained.js'
import { ROBERTA_NAMES, RobertaModel } from './roberta.js'
import type { RobertaConfig } from './roberta.js'
import { tokenLoss } from '../shared/token-loss.js'

/** `decoder(norm(gelu(dense(x))))`: `decoder` and its bias as in BERT, see {@link tokenScorer}. */
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
    this.decoder = tokenScorer(config, words, this.bias, take)
    this.gelu = new GELU()
  }

  override forward(x: Tensor): Tensor {
    return this.decoder.forward(this.layer_norm.forward(this.gelu.forward(this.dense.forward(x))))
  }
}

/**
 * RoBERTa with the head of its pre-training, which predicts the tokens behind `<mask>`.
 *
 * Shapes: `inputIds (B, T)` → `logits (B, T, V)`, `loss ()`. Parameter names as in Hugging Face checkpoints (`lm_head.dense.weight`).
 *
 * @example
 * const model = await models.RobertaForMaskedLM.fromPretrained('roberta-base')
 * const { logits } = lora.noGrad(() => model.forward([tokenizer.encode('Paris is the <mask> of France.')]))
 */
export class RobertaForMaskedLM extends MaskedLM {
  /** @internal */
  static override readonly checkpoint = {
    className: 'RobertaForMaskedLM',
    names: ROBERTA_NAMES,
    heads: ['lm_head'],
    tied: ['lm_head.decoder.weight', 'lm_head.decoder.bias'],
  }
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

  override get baseModel(): RobertaModel {
    return this.roberta
  }

  protected override get scorer(): Layer {
    return this.lm_head.decoder
  }

  protected override get words(): Tensor {
    return this.roberta.embeddings.word_embeddings.weight
  }

  protected override predict(hidden: Tensor): Tensor {
    return this.lm_head.forward(hidden)
  }

  protected override loss(owner: string, hidden: Tensor, labels: Ids): Tensor {
    return tokenLoss(owner, hidden, labels, this.lm_head, { shift: 0 })
  }
}
