// Generated from src/models/deberta/encoder.ts by `npm run api`. Do not edit.

import { Dropout } from '../../nn/dropout.js'
import { Embedding } from '../../nn/embedding.js'
import type { LayerNorm } from '../../nn/layer-norm.js'
import { Module } from '../../nn/module.js'
import type { Tensor } from '../../tensor/tensor.js'
import { DisentangledSelfAttention } from './attention.js'
import type { DebertaContext } from './attention.js'
import type { DebertaV2Config } from './config.js'
import { DenseAddNorm, Intermediate } from '../shared/encoder.js'
import type { EncoderBatch } from '../shared/encoder-model.js'
import type { Layer } from '../shared/parts.js'
import type { WeightSource } from '../shared/pretrained.js'
declare class Attention extends Module {
  self: DisentangledSelfAttention
  output: DenseAddNorm
  constructor(config: DebertaV2Config, take: WeightSource)
  forward(x: Tensor, read: Tensor, context: DebertaContext, distances: Tensor | null): Tensor
}
/** `a = norm(x + attention(x));  y = norm(a + output(act(intermediate(a))))`. */
declare class DebertaLayer extends Module {
  attention: Attention
  intermediate: Intermediate
  output: DenseAddNorm
  constructor(config: DebertaV2Config, take: WeightSource)
  forward(x: Tensor, context: DebertaContext, distances: Tensor | null, onlyFirst: boolean): Tensor
}
/** `norm(y + act(dropout(conv(x))))`: n-grams of the embeddings x, beside the first layer's output y. */
declare class ConvLayer extends Module {
  conv: Layer
  LayerNorm: LayerNorm
  dropout: Dropout
  conv_act: Layer
  constructor(config: DebertaV2Config, take: WeightSource)
  /** Padding counts as zeros, like positions outside a row. */
  forward(x: Tensor, y: Tensor, { alignment, mask }: DebertaContext): Tensor
}
/** The layers one after the other, and the embeddings of distances that they share. */
export declare class DebertaEncoder extends Module {
  layer: DebertaLayer[]
  rel_embeddings: Embedding | null
  LayerNorm: LayerNorm | null
  conv: ConvLayer | null
  private readonly sizes
  constructor(config: DebertaV2Config, take: WeightSource)
  /** Embeddings `x (B, T, C)`, or packed (1, N, C) → all hidden states, the embeddings first. */
  forward(x: Tensor, batch: EncoderBatch, checkpointed: boolean): Tensor[]
  /** The embeddings of distances, (2·span, C). */
  private distances
  private contextOf
}
export {}
