// The layers of DeBERTa v2 and v3: those of BERT with disentangled attention, and a convolution beside the first one.
import { Conv1d } from '../../nn/conv.js'
import { Dropout } from '../../nn/dropout.js'
import { Embedding } from '../../nn/embedding.js'
import type { LayerNorm } from '../../nn/layer-norm.js'
import { Module } from '../../nn/module.js'
import { arange } from '../../tensor/make.js'
import { keep, noGrad, tensorsIn } from '../../tensor/scope.js'
import type { Tensor } from '../../tensor/tensor.js'
import { Alignment } from './alignment.js'
import { DisentangledSelfAttention, askingTokens } from './attention.js'
import type { DebertaContext } from './attention.js'
import { normOfDistances, relativeSizes } from './config.js'
import type { DebertaV2Config } from './config.js'
import { DenseAddNorm, Intermediate, runLayers } from '../shared/encoder.js'
import { pickFirst } from '../shared/encoder-input.js'
import type { EncoderBatch } from '../shared/encoder-model.js'
import { activation, layerNorm, within } from '../shared/parts.js'
import type { Layer } from '../shared/parts.js'
import type { WeightSource } from '../shared/pretrained.js'
import { relativeRows } from './relative-positions.js'
import type { DistanceSizes } from './relative-positions.js'

class Attention extends Module {
  self: DisentangledSelfAttention
  output: DenseAddNorm

  constructor(config: DebertaV2Config, take: WeightSource) {
    super()
    this.self = new DisentangledSelfAttention(config, within(take, 'self'))
    this.output = new DenseAddNorm(config, config.hidden_size, within(take, 'output'))
  }

  override forward(x: Tensor, read: Tensor, context: DebertaContext, distances: Tensor | null): Tensor {
    return this.output.forward(this.self.forward(x, read, context, distances), read)
  }
}

/** `a = norm(x + attention(x));  y = norm(a + output(act(intermediate(a))))`. */
class DebertaLayer extends Module {
  attention: Attention
  intermediate: Intermediate
  output: DenseAddNorm

  constructor(config: DebertaV2Config, take: WeightSource) {
    super()
    this.attention = new Attention(config, within(take, 'attention'))
    this.intermediate = new Intermediate(config, within(take, 'intermediate'))
    this.output = new DenseAddNorm(config, config.intermediate_size, within(take, 'output'))
  }

  override forward(x: Tensor, context: DebertaContext, distances: Tensor | null, onlyFirst: boolean): Tensor {
    const attended = this.attention.forward(x, askingTokens(x, context, onlyFirst), context, distances)
    return this.output.forward(this.intermediate.forward(attended), attended)
  }
}

/** `norm(y + act(dropout(conv(x))))`: n-grams of the embeddings x, beside the first layer's output y. */
class ConvLayer extends Module {
  conv: Layer
  LayerNorm: LayerNorm
  dropout: Dropout
  conv_act: Layer

  constructor(config: DebertaV2Config, take: WeightSource) {
    super()
    const { hidden_size: C, conv_kernel_size: taps, conv_groups: groups, initializer_range: std } = config
    const weight = take('conv.weight', [C, C / groups, taps], { std })
    const bias = take('conv.bias', [C], { value: 0 })
    this.conv = new Conv1d(C, C, taps, { padding: (taps - 1) / 2, groups, weight, bias })
    this.LayerNorm = layerNorm(take, 'LayerNorm', C, config.layer_norm_eps)
    this.dropout = new Dropout(config.hidden_dropout_prob)
    this.conv_act = activation(config.conv_act)
  }

  /** Padding counts as zeros, like positions outside a row. */
  override forward(x: Tensor, y: Tensor, { alignment, mask }: DebertaContext): Tensor {
    const rows = alignment
      ? alignment.spread(x)
      : mask
        ? x.mul(mask.reshape([x.shape[0]!, x.shape[1]!, 1]).to(x.dtype))
        : x // (B, S, C)
    const grams = this.conv.forward(rows.transpose(1, 2)).transpose(1, 2)
    const taken = alignment ? alignment.take(grams) : grams
    return this.LayerNorm.forward(y.add(this.conv_act.forward(this.dropout.forward(taken))))
  }
}

/** The layers one after the other, and the embeddings of distances that they share. */
export class DebertaEncoder extends Module {
  layer: DebertaLayer[]
  rel_embeddings: Embedding | null
  LayerNorm: LayerNorm | null
  conv: ConvLayer | null
  private readonly sizes: DistanceSizes

  constructor(config: DebertaV2Config, take: WeightSource) {
    super()
    const { hidden_size: C, initializer_range: std } = config
    this.sizes = { buckets: config.position_buckets, ...relativeSizes(config) }
    const layer = (_: unknown, i: number) => new DebertaLayer(config, within(take, `layer.${i}`))
    this.layer = Array.from({ length: config.num_hidden_layers }, layer)
    const rows = 2 * this.sizes.span
    const table = () => new Embedding(rows, C, { weight: take('rel_embeddings.weight', [rows, C], { std }) })
    this.rel_embeddings = config.relative_attention ? table() : null
    this.LayerNorm = normOfDistances(config) ? layerNorm(take, 'LayerNorm', C, config.layer_norm_eps) : null
    this.conv = config.conv_kernel_size > 0 ? new ConvLayer(config, within(take, 'conv')) : null
  }

  /** Embeddings `x (B, T, C)`, or packed (1, N, C) → all hidden states, the embeddings first. */
  override forward(x: Tensor, batch: EncoderBatch, checkpointed: boolean): Tensor[] {
    const context = this.contextOf(x, batch)
    if (checkpointed) for (const tensor of tensorsIn(context)) keep(tensor)
    const last = this.layer.length - 1
    // Distances are counted from the first token of a row; with padding on the left (a mask) the last layer is computed for all tokens.
    const partly = batch.onlyFirst && batch.keys.first === null && (this.conv === null || last > 0)
    const run = (input: Tensor, i: number, distances?: Tensor) => {
      const y = this.layer[i]!.forward(input, context, distances ?? null, partly && i === last)
      return i === 0 && this.conv ? this.conv.forward(input, y, context) : y
    }
    const distances = this.distances()
    const states = distances
      ? runLayers<[Tensor]>(x, this.layer.length, checkpointed, run, distances)
      : runLayers<[]>(x, this.layer.length, checkpointed, run)
    if (batch.onlyFirst && !partly) states.push(pickFirst(states.pop()!, batch.keys))
    return states
  }

  /** The embeddings of distances, (2·span, C). */
  private distances(): Tensor | null {
    if (this.rel_embeddings === null) return null
    const { weight } = this.rel_embeddings
    // A bf16 or f16 table gives f32 rows.
    const rows =
      weight.dtype === 'bf16' || weight.dtype === 'f16' ? this.rel_embeddings.forward(every(weight.shape[0]!)) : weight
    return this.LayerNorm ? this.LayerNorm.forward(rows) : rows
  }

  private contextOf(x: Tensor, { packing, keys }: EncoderBatch): DebertaContext {
    const alignment = packing && new Alignment(packing)
    const S = alignment ? alignment.width : x.shape[1]!
    const relative = this.rel_embeddings && relativeRows(S, this.sizes)
    return { keys, alignment, mask: alignment ? alignment.mask : shown(keys, S), relative }
  }
}

/** The keys to attend to, (B, 1, 1, S) bool. */
function shown({ mask, lengths }: EncoderBatch['keys'], S: number): Tensor | null {
  if (lengths === null) return mask
  return noGrad(() => arange(0, S, 1, { dtype: 'i64' }).unsqueeze(0).lt(lengths.unsqueeze(1)).unsqueeze(1).unsqueeze(1)) // prettier-ignore
}

function every(rows: number): Tensor {
  return arange(0, rows, 1, { dtype: 'i64' })
}
