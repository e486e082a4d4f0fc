// Generated from src/models/modernbert/masked-lm.ts by `npm run api`. Do not edit.

import type { Tensor } from '../../tensor/tensor.js'
import type { Ids } from '../../generation/ids.js'
import { MaskedLM } from '../shared/masked-lm.js'
import type { ModernBertConfig } from './config.js'
import { ModernBertModel, ModernBertPredictionHead } from './modernbert.js'
import type { Layer } from '../shared/parts.js'
import type { FreshOptions, PretrainedOptions } from '../shared/pretrained.js'
/**
 * ModernBERT with the head that it is trained with: which token stands behind `[MASK]`.
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
  /** A model with fresh weights, in training mode. */
  static fromConfig(config: Partial<ModernBertConfig>, options?: FreshOptions): ModernBertForMaskedLM
  /**
   * Reads a folder with `config.json` and the weights of a ModernBERT; the model is in evaluation mode. Parts of the head that the file lacks start fresh, with
   * a warning.
   * @throws {KeyError} listing every missing, unexpected and misshapen tensor at once.
   */
  static fromPretrained(dir: string, options?: PretrainedOptions): Promise<ModernBertForMaskedLM>
  get baseModel(): ModernBertModel
  protected get architecture(): string
  protected get scorer(): Layer
  protected get words(): Tensor
  protected get tiedNames(): readonly string[]
  protected predict(hidden: Tensor): Tensor
  protected loss(owner: string, hidden: Tensor, labels: Ids): Tensor
}
