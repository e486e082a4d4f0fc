// Generated from src/models/modernbert/masked-lm.ts by `npm run api`. Do not edit.

import type { Tensor } from '../../tensor/tensor.js'
import type { Ids } from '../../generation/ids.js'
import { MaskedLM } from '../shared/masked-lm.js'
import type { ModernBertConfig } from './config.js'
import { ModernBertModel, ModernBertPredictionHead } from './modernbert.js'
import type { Layer } from '../shared/parts.js'
import type { FreshOptions } from '../shared/pretrained.js'
/**
 * ModernBERT with the head of its pre-training, which predicts the tokens behind `[MASK]`.
 *
 * Shapes: `inputIds (B, T)` → `logits (B, T, V)`, `loss ()`. Parameter names as in Hugging Face checkpoints (`head.dense.weight`, `decoder.bias`).
 */
export declare class ModernBertForMaskedLM extends MaskedLM {
  readonly config: ModernBertConfig
  model: ModernBertModel
  head: ModernBertPredictionHead
  decoder: Layer
  constructor(
    config?: Partial<ModernBertConfig>,
    options?: FreshOptions,
    take?: import('../shared/pretrained.js').WeightSource,
  )
  get baseModel(): ModernBertModel
  protected get scorer(): Layer
  protected get words(): Tensor
  protected predict(hidden: Tensor): Tensor
  protected loss(owner: string, hidden: Tensor, labels: Ids): Tensor
}
