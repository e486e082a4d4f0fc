// Generated from src/models/modernbert/modernbert.ts by `npm run api`. Do not edit.

import { Dropout } from '../../nn/dropout.js'
import type { LayerNorm } from '../../nn/layer-norm.js'
import { Module } from '../../nn/module.js'
import type { Tensor } from '../../tensor/tensor.js'
import type { EncoderOutput } from '../shared/encoder-input.js'
import { EncoderModel } from '../shared/encoder-model.js'
import type { EncoderModelOptions } from '../shared/encoder-model.js'
import type { Ids } from '../../generation/ids.js'
import { ModernBertLayer } from './layer.js'
import type { ModernBertConfig } from './config.js'
import type { Packing } from '../shared/packing.js'
import type { Layer } from '../shared/parts.js'
import type { FreshOptions, WeightSource } from '../shared/pretrained.js'
/** `dropout(norm(token))`: positions come in with attention. */
declare class ModernBertEmbeddings extends Module {
  tok_embeddings: {
    forward(ids: Tensor): Tensor
    weight: Tensor
  } & Module
  norm: LayerNorm
  drop: Dropout
  private readonly rows
  constructor(config: ModernBertConfig, take: WeightSource)
  forward(inputIds: Ids, packing: Packing | null): Tensor
}
/**
 * ModernBERT without a head (Warner et al. 2024): rotary positions, pre-norms, gated layers without biases; one layer in three attends to all tokens, the
 * others to those nearby.
 *
 * Shapes: `inputIds (B, T)` → `lastHiddenState (B, T, C)`, after the final norm. Parameter names as in Hugging Face checkpoints (`layers.0.attn.Wqkv.weight`).
 * `tokenTypeIds` are accepted and ignored: the model has no token types.
 */
export declare class ModernBertModel extends EncoderModel {
  readonly config: ModernBertConfig
  embeddings: ModernBertEmbeddings
  layers: ModernBertLayer[]
  final_norm: LayerNorm
  private readonly tables
  constructor(config?: Partial<ModernBertConfig>, options?: FreshOptions, take?: WeightSource)
  forward(inputIds: Ids, options?: EncoderModelOptions): EncoderOutput
  private run
  private contextOf
}
/** `norm(act(dense(x)))`: the first part of the heads. */
export declare class ModernBertPredictionHead extends Module {
  dense: Layer
  act: Layer
  norm: LayerNorm
  constructor(config: ModernBertConfig, take: WeightSource, wide?: boolean)
  forward(x: Tensor): Tensor
}
export {}
