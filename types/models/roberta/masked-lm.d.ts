// Generated from src/models/roberta/masked-lm.ts by `npm run api`. Do not edit.

import { GELU } from '../../nn/activations.js'
import type { LayerNorm } from '../../nn/layer-norm.js'
import { Module } from '../../nn/module.js'
import type { Tensor } from '../../tensor/tensor.js'
import type { Ids } from '../../generation/ids.js'
import { MaskedLM } from '../shared/masked-lm.js'
import type { Layer } from '../shared/parts.js'
import type { FreshOptions, WeightSource } from '../shared/pretrained.js'
import { RobertaModel } from './roberta.js'
import type { RobertaConfig } from './roberta.js'
/** `decoder(norm(gelu(dense(x))))`: `decoder` and its bias as in BERT, see {@link tokenScorer}. */
declare class RobertaLMHead extends Module {
  bias: Tensor
  dense: Layer
  layer_norm: LayerNorm
  decoder: Layer
  gelu: GELU
  constructor(config: RobertaConfig, words: Tensor, take: WeightSource)
  forward(x: Tensor): Tensor
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
export declare class RobertaForMaskedLM extends MaskedLM {
  readonly config: RobertaConfig
  roberta: RobertaModel
  lm_head: RobertaLMHead
  constructor(config?: Partial<RobertaConfig>, options?: FreshOptions, take?: WeightSource)
  get baseModel(): RobertaModel
  protected get scorer(): Layer
  protected get words(): Tensor
  protected predict(hidden: Tensor): Tensor
  protected loss(owner: string, hidden: Tensor, labels: Ids): Tensor
}
export {}
