// Generated from src/models/shared/encoder-model.ts by `npm run api`. Do not edit.

import type { EncoderOptions, EncoderOutput, KeyMask } from './encoder-input.js'
import type { Ids } from '../../generation/ids.js'
import type { LabelsConfig } from './labels-config.js'
import type { Packing } from './packing.js'
import { PretrainedEncoder } from './pretrained-encoder.js'
import type { SaveOptions } from './pretrained.js'
/** Options of the forward of an encoder without a head. */
export interface EncoderModelOptions extends EncoderOptions {
  /**
   * Return the first n tokens of `lastHiddenState` only, (B, n, C). With 1 it is the first token that the mask keeps, which a classification head reads, and
   * the last layer is computed there alone, with the same result. @default all
   */
  positionsToKeep?: number
}
/**
 * An encoder without a head: what BERT, RoBERTa, DeBERTa and ModernBERT have in common.
 *
 * Shapes: `inputIds (B, T)` → `lastHiddenState (B, T, C)`.
 */
export declare abstract class EncoderModel extends PretrainedEncoder {
  abstract readonly config: LabelsConfig & Record<string, unknown>
  /** Backward computes each layer again instead of keeping what it needs: less memory for about a third more time. */
  gradientCheckpointing: boolean
  abstract forward(inputIds: Ids, options?: EncoderModelOptions): EncoderOutput
  /** Writes `config.json` and `model.safetensors`, as transformers does. */
  savePretrained(dir: string, options?: SaveOptions): Promise<void>
  /**
   * From now on, backward computes each layer again instead of keeping what it needs, in training mode: activations take the memory of one
   * layer and one tensor (B, T, C) for each, for about a third more time. Results are the same.
   */
  gradientCheckpointingEnable(): void
  /** The opposite of {@link gradientCheckpointingEnable}. */
  gradientCheckpointingDisable(): void
  /** Whether the forward that runs now leaves layers to be computed again. */
  protected get checkpointed(): boolean
}
/** How the tokens of a forward lie. */
export interface EncoderPlace {
  /** The tokens to compute, one behind the other, (1, N); null for the whole batch. */
  packing: Packing | null
  keys: KeyMask
  /** Whether of the last layer nothing but the first tokens is read. */
  onlyFirst: boolean
}
