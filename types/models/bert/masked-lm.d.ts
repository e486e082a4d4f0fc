// Generated from src/models/bert/masked-lm.ts by `npm run api`. Do not edit.

import type { LayerNorm } from '../../nn/layer-norm.js'
import { Module } from '../../nn/module.js'
import type { Tensor } from '../../tensor/tensor.js'
import { BertModel } from './bert.js'
import type { BertConfig } from './bert.js'
import type { Ids } from '../../generation/ids.js'
import { MaskedLM } from '../shared/masked-lm.js'
import type { Layer } from '../shared/parts.js'
import type { FreshOptions, WeightSource } from '../shared/pretrained.js'
/** `norm(act(dense(x)))`. */
declare class Transform extends Module {
  dense: Layer
  LayerNorm: LayerNorm
  transform_act_fn: Layer
  constructor(config: BertConfig, take: WeightSource)
  forward(x: Tensor): Tensor
}
/** `decoder(transform(x))`, see {@link tokenScorer}. */
declare class Predictions extends Module {
  bias: Tensor
  transform: Transform
  decoder: Layer
  constructor(config: BertConfig, words: Tensor, take: WeightSource)
  forward(x: Tensor): Tensor
}
/** The head, under the names of BERT's files. */
declare class Head extends Module {
  predictions: Predictions
  constructor(config: BertConfig, words: Tensor, take: WeightSource)
  forward(x: Tensor): Tensor
}
/**
 * BERT with the head of its pre-training, which predicts the tokens behind `[MASK]`.
 *
 * Shapes: `inputIds (B, T)` → `logits (B, T, V)`, `loss ()`. Parameter names as in Hugging Face checkpoints (`cls.predictions.transform.dense.weight`).
 */
export declare class BertForMaskedLM extends MaskedLM {
  readonly config: BertConfig
  bert: BertModel
  cls: Head
  constructor(config?: Partial<BertConfig>, options?: FreshOptions, take?: WeightSource)
  get baseModel(): BertModel
  protected get scorer(): Layer
  protected get words(): Tensor
  protected predict(hidden: Tensor): Tensor
  protected loss(owner: string, hidden: Tensor, labels: Ids): Tensor
}
export {}
