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
   * the last layer is computed for it alone, with the same result. @integer @minimum 1 @default all
   */
  positionsToKeep?: number
}
/**
 * An encoder without a head: the base of BERT, RoBERTa, DeBERTa and ModernBERT.
 *
 * Shapes: `inputIds (B, T)` → `lastHiddenState (B, T, C)`.
 */
export declare abstract class EncoderModel extends PretrainedEncoder {
  abstract readonly config: LabelsConfig & Record<string, unknown>
  /** Backward recomputes each layer instead of keeping its activations: less memory for about a third more time. */
  gradientCheckpointing: boolean
  abstract forward(inputIds: Ids, options?: EncoderModelOptions): EncoderOutput
  /** Writes `config.json` and `model.safetensors`, as transformers does. */
  savePretrained(dir: string, options?: SaveOptions): Promise<void>
  /**
   * From now on, backward recomputes each layer in training mode instead of keeping its activations: they take the memory of one layer, and of one tensor
   * (B, T, C) per layer, for about a third more time. Results are the same.
   */
  gradientCheckpointingEnable(): void
  /** The opposite of {@link gradientCheckpointingEnable}. */
  gradientCheckpointingDisable(): void
  /** Whether the current forward leaves layers to be recomputed. */
  protected get checkpointed(): boolean
}
/** The layout of the tokens of a forward. */
export interface EncoderBatch {
  /** The tokens to compute, packed into (1, N); null for the whole batch. */
  packing: Packing | null
  keys: KeyMask
  /** Whether only the first tokens of the last layer are read. */
  onlyFirst: boolean
}
