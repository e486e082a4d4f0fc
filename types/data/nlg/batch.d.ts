// Generated from src/data/nlg/batch.ts by `npm run api`. Do not edit.

import type { Tensor } from '../../tensor/tensor.js'
import type { NlgSample } from './dataset.js'
/** A batch for the language models of this package, padded to the longest row. */
export interface NlgBatch {
  /** Numbers of the rows. */
  readonly id: readonly number[]
  /** (B, T), padded with 0 on the right. */
  readonly inputIds: readonly (readonly number[])[]
  /** 1 for tokens, 0 for padding; null where there is no padding. */
  readonly attentionMask: readonly (readonly number[])[] | null
  /** Aligned with the input; −100 where a target is ignored. */
  readonly labels: readonly (readonly number[])[]
  /** Number of targets that count. */
  readonly counted: number
  /** Tokens of the rows, without padding. */
  readonly tokens: number
}
/**
 * Joins samples into a batch as the models of this package take it. They compute neither padding nor the logits of positions without a label, so the cost of a
 * batch depends on its tokens alone.
 */
export declare function collateNlg(samples: readonly NlgSample[]): NlgBatch
/** A batch as in the original script: all rows `seqLen` long. */
export interface PaddedNlgBatch {
  /** (B) i64 */
  readonly id: Tensor
  /** (B, T) i64, padded with 0 */
  readonly input: Tensor
  /** (B, T) i64, padded with 0 */
  readonly target: Tensor
  /** (B, T) f32 */
  readonly mask: Tensor
  /** (B, T) i64, padded with 0 */
  readonly query: Tensor
  /** (B) i64 */
  readonly queryLen: Tensor
}
/**
 * Pads samples to tensors, with the names and shapes of the original script, for a model of your own with its loss.
 * @throws {OptionError} for a sample longer than `seqLen`.
 */
export declare function padNlg(samples: readonly NlgSample[], seqLen: number): PaddedNlgBatch
