import { Dropout } from '../../nn/dropout.js'
import { Embedding } from '../../nn/embedding.js'
import type { LayerNorm } from '../../nn/layer-norm.js'
import { Module } from '../../nn/module.js'
import { keep, tensorsIn } from '../../tensor/scope.js'
import type { Tensor } from '../../tensor/tensor.js'
import { runLayers } from '../shared/encoder.js'
import { checkSize, pickFirst } from '../shared/encoder-input.js'
import type { EncoderOutput } from '../shared/encoder-input.js'
import { EncoderModel, encode } from '../shared/encoder-model.js'
import type { EncoderModelOptions, EncoderBatch } from '../shared/encoder-model.js'
import type { CheckpointNames } from '../shared/pretrained-encoder.js'
import { idsTensor } from '../../generation/ids.js'
import type { Ids } from '../../generation/ids.js'
import { ModernBertLayer, cutDense, modernNorm } from './layer.js'
import type { ModernBertContext } from './layer.js'
import { modernBertConfig, rotaryConfigOf } from './config.js'
import type { ModernBertConfig, ModernBertLayerType } from './config.js'
import type { Packing } from '../shared/packing.js'
import { activation, within } from '../shared/parts.js'
import type { Layer } from '../shared/parts.js'
import { freshWeights } from '../shared/pretrained.js'
import type { FreshOptions, WeightSource } from '../shared/pretrained.js'
import { RotaryTables } from '../shared/rotary.js'

/** The names of the parts in files of ModernBERTs. */
export const MODERNBERT_NAMES: CheckpointNames = {
  modelType: 'modernbert',
  prefix: 'model',
  parts: ['embeddings', 'layers', 'final_norm'],
  heads: ['head', 'classifier', 'decoder'],
}

const OWNER = 'ModernBertModel.forward'

/** `dropout(norm(token))`: positions come in with attention. */
class ModernBertEmbeddings extends Module {
  tok_embeddings: { forward(ids: Tensor): Tensor; weight: Tensor } & Module
  norm: LayerNorm
  drop: Dropout
  private readonly rows: number

  constructor(config: ModernBertConfig, take: WeightSource) {
    super()
    const { vocab_size: V, hidden_size: C, pad_token_id: padding } = config
    const { initializer_range: std, initializer_cutoff_factor: cut } = config
    const init = padding === null ? { std, cut } : { std, cut, zeroRow: padding }
    this.rows = V
    this.tok_embeddings = new Embedding(V, C, {
      weight: take('tok_embeddings.weight', [V, C], init),
      paddingIdx: padding,
    })
    this.norm = modernNorm(take, 'norm', config)
    this.drop = new Dropout(config.embedding_dropout)
  }

  override forward(inputIds: Ids, packing: Packing | null): Tensor {
    const ids = idsTensor(OWNER, 'inputIds', inputIds, this.rows)
    const taken = packing ? (packing.take(OWNER, 'inputIds', ids) as Tensor) : ids
    return this.drop.forward(this.norm.forward(this.tok_embeddings.forward(taken)))
  }
}

/**
 * ModernBERT without a head (Warner et al. 2024): rotary positions, pre-norms, gated layers without biases; one layer in three attends to all tokens, the
 * others to those nearby.
 *
 * Shapes: `inputIds (B, T)` → `lastHiddenState (B, T, C)`, after the final norm. Parameter names as in Hugging Face checkpoints (`layers.0.attn.Wqkv.weight`).
 * `tokenTypeIds` are accepted and ignored: the model has no token types.
 */
export class ModernBertModel extends EncoderModel {
  /** @internal */
  static override readonly checkpoint = {
    className: 'ModernBertModel',
    names: MODERNBERT_NAMES,
    heads: [],
    isBare: true,
  }
  readonly config: ModernBertConfig
  embeddings: ModernBertEmbeddings
  layers: ModernBertLayer[]
  final_norm: LayerNorm
  private readonly tables: Record<ModernBertLayerType, RotaryTables>

  constructor(
    config: Partial<ModernBertConfig> = {},
    options: FreshOptions = {},
    take = freshWeights('ModernBertModel', options),
  ) {
    super()
    this.config = modernBertConfig(config)
    this.embeddings = new ModernBertEmbeddings(this.config, within(take, 'embeddings'))
    const layer = (_: unknown, i: number) => new ModernBertLayer(this.config, i, within(take, `layers.${i}`))
    this.layers = Array.from({ length: this.config.num_hidden_layers }, layer)
    this.final_norm = modernNorm(take, 'final_norm', this.config)
    const tables = (type: ModernBertLayerType) =>
      new RotaryTables('ModernBertConfig', rotaryConfigOf(this.config, type))
    this.tables = { full_attention: tables('full_attention'), sliding_attention: tables('sliding_attention') }
  }

  override forward(inputIds: Ids, options: EncoderModelOptions = {}): EncoderOutput {
    return encode(OWNER, inputIds, options, {
      embed: (packing) => this.embeddings.forward(inputIds, packing),
      layers: (x, batch) => this.run(x, batch, options),
      pooler: null,
      packs: (packing) => !packing.hasGaps, // windows count rows
    })
  }

  private run(x: Tensor, batch: EncoderBatch, options: EncoderModelOptions): Tensor[] {
    const context = this.contextOf(x, batch, options)
    if (this.checkpointed) for (const tensor of tensorsIn(context)) keep(tensor)
    const states = runLayers<[]>(x, this.layers.length, this.checkpointed, (input, i) =>
      this.layers[i]!.forward(input, context),
    )
    const last = states.pop()!
    states.push(this.final_norm.forward(batch.onlyFirst ? pickFirst(last, batch.keys) : last))
    return states
  }

  private contextOf(x: Tensor, { packing, keys }: EncoderBatch, options: EncoderModelOptions): ModernBertContext {
    const [B = 0, T = 0] = x.shape
    const { positionIds: given, tokenTypeIds } = options
    const extent = { width: packing ? packing.width : T, positionIds: given ?? null, longest: null }
    if (packing === null) {
      if (given) checkSize(OWNER, 'positionIds', given, B, T)
      if (tokenTypeIds) checkSize(OWNER, 'tokenTypeIds', tokenTypeIds, B, T)
    }
    const positionIds = packing
      ? given
        ? packing.take(OWNER, 'positionIds', given)
        : packing.offsetsFromFirst()
      : given
    const rotation = (type: ModernBertLayerType) =>
      this.tables[type].rotation(OWNER, { past: 0, tokens: T, positionIds, extent, dtype: x.dtype })
    return {
      keys,
      rotations: { full_attention: rotation('full_attention'), sliding_attention: rotation('sliding_attention') },
    }
  }
}

/** `norm(act(dense(x)))`: the first part of the heads. */
export class ModernBertPredictionHead extends Module {
  dense: Layer
  act: Layer
  norm: LayerNorm

  constructor(config: ModernBertConfig, take: WeightSource, wide = false) {
    super()
    const { hidden_size: C, initializer_range, num_hidden_layers } = config
    const std = initializer_range / Math.sqrt(2 * num_hidden_layers)
    this.dense = cutDense(take, 'dense', [C, C], { std, bias: config.classifier_bias, wide }, config)
    this.act = activation(config.classifier_activation)
    this.norm = modernNorm(take, 'norm', config)
  }

  override forward(x: Tensor): Tensor {
    return this.norm.forward(this.act.forward(this.dense.forward(x)))
  }
}
