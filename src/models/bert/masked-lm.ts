import type { LayerNorm } from '../../nn/layer-norm.js'
import { Module } from '../../nn/module.js'
import type { Tensor } from '../../tensor/tensor.js'
import { BERT_NAMES, BertModel } from './bert.js'
import type { BertConfig } from './bert.js'
import type { Ids } from '../../generation/ids.js'
import { MaskedLM, tokenScorer } from '../shared/masked-lm.js'
import { activation, layerNorm, linear, within } from '../shared/parts.js'
import type { Layer } from '../shared/parts.js'
import { freshWeights } from '../shared/pretrained.js'
import type { FreshOptions, WeightSource } from '../shared/pretrained.js'
import { tokenLoss } from '../shared/token-loss.js'

/** `norm(act(dense(x)))`. */
class Transform extends Module {
  dense: Layer
  LayerNorm: LayerNorm
  transform_act_fn: Layer

  constructor(config: BertConfig, take: WeightSource) {
    super()
    const { hidden_size: C } = config
    this.dense = linear(take, 'dense', C, C, config.initializer_range)
    this.LayerNorm = layerNorm(take, 'LayerNorm', C, config.layer_norm_eps)
    this.transform_act_fn = activation(config.hidden_act)
  }

  override forward(x: Tensor): Tensor {
    return this.LayerNorm.forward(this.transform_act_fn.forward(this.dense.forward(x)))
  }
}

/** `decoder(transform(x))`, see {@link tokenScorer}. */
class Predictions extends Module {
  bias: Tensor
  transform: Transform
  decoder: Layer

  constructor(config: BertConfig, words: Tensor, take: WeightSource) {
    super()
    const { vocab_size: V } = config
    this.transform = new Transform(config, within(take, 'transform'))
    this.bias = take('bias', [V], { value: 0 })
    this.decoder = tokenScorer(config, words, this.bias, take)
  }

  override forward(x: Tensor): Tensor {
    return this.decoder.forward(this.transform.forward(x))
  }
}

/** The head, under the names of BERT's files. */
class Head extends Module {
  predictions: Predictions

  constructor(config: BertConfig, words: Tensor, take: WeightSource) {
    super()
    this.predictions = new Predictions(config, words, within(take, 'predictions'))
  }

  override forward(x: Tensor): Tensor {
    return this.predictions.forward(x)
  }
}

/**
 * BERT with the head of its pre-training, which predicts the tokens behind `[MASK]`.
 *
 * Shapes: `inputIds (B, T)` → `logits (B, T, V)`, `loss ()`. Parameter names as in Hugging Face checkpoints (`cls.predictions.transform.dense.weight`).
 */
export class BertForMaskedLM extends MaskedLM {
  /** @internal */
  static override readonly checkpoint = {
    className: 'BertForMaskedLM',
    names: BERT_NAMES,
    heads: ['cls'],
    tied: ['cls.predictions.decoder.weight', 'cls.predictions.decoder.bias'],
  }
  readonly config: BertConfig
  bert: BertModel
  cls: Head

  constructor(
    config: Partial<BertConfig> = {},
    options: FreshOptions = {},
    take = freshWeights('BertForMaskedLM', options),
  ) {
    super()
    this.bert = new BertModel(config, { addPoolingLayer: false }, within(take, 'bert'))
    this.config = this.bert.config
    this.cls = new Head(this.config, this.words, within(take, 'cls'))
  }

  override get baseModel(): BertModel {
    return this.bert
  }

  protected override get scorer(): Layer {
    return this.cls.predictions.decoder
  }

  protected override get words(): Tensor {
    return this.bert.embeddings.word_embeddings.weight
  }

  protected override predict(hidden: Tensor): Tensor {
    return this.cls.forward(hidden)
  }

  protected override loss(owner: string, hidden: Tensor, labels: Ids): Tensor {
    return tokenLoss(owner, hidden, labels, this.cls, { shift: 0 })
  }
}
