// Generated from src/models/shared/encoder-input.ts by `npm run api`. Do not edit.

import { Tensor } from '../../tensor/tensor.js'
import type { Ids } from '../../generation/ids.js'
/** Options of an encoder's forward. */
export interface EncoderOptions {
  /**
   * 1 for tokens, 0 for padding, (B, T). Rows of numbers, and tensors made of them, are looked at on the spot: a mask of ones costs nothing, and padding
   * behind the tokens is not computed; hidden states hold zeros there. @default all 1
   */
  attentionMask?: Ids | null
  /** Kind of each token, (B, T): first or second sentence, in models trained so. @default all 0 */
  tokenTypeIds?: Ids | null
  /** Position of each token, (B, T). @default as the architecture counts */
  positionIds?: Ids | null
  /** Return the embeddings and the output of every layer. @default false */
  outputHiddenStates?: boolean
}
/** What an encoder without a head returns. */
export interface EncoderOutput {
  /** Output of the last layer, (B, T, C); (B, n, C) with `positionsToKeep` n. */
  lastHiddenState: Tensor
  /** The pooled first token, (B, C); null in a model without pooler. */
  poolerOutput: Tensor | null
  /** Embeddings, then the output of each layer; null unless asked for. */
  hiddenStates: Tensor[] | null
}
/**
 * Which keys attention may look at: a mask (B, 1, 1, T) bool, or how many at the start of each row, (B) i64, or those of a query's own sequence, which begin
 * at `starts`, in a batch without padding.
 */
export interface KeyMask {
  mask: Tensor | null
  lengths: Tensor | null
  starts: readonly number[] | null
  /** Where the first token of each row stands among all tokens, b·T + t, (B) i64; null where t is 0 in all rows, and in a batch without padding. */
  first: Tensor | null
}
