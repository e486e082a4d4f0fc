// Generated from src/models/shared/encoder-input.ts by `npm run api`. Do not edit.

import { Tensor } from '../../tensor/tensor.js'
import type { Ids } from '../../generation/ids.js'
/** Options of an encoder's forward. */
export interface EncoderOptions {
  /**
   * 1 for tokens, 0 for padding, (B, T). Rows of numbers, and tensors made from numbers, are read at once: a mask of ones costs nothing, and padding
   * after the tokens is not computed; hidden states are zeros there. @shallow @default all 1
   */
  attentionMask?: Ids | null
  /** Type of each token, (B, T): first or second sentence, in models trained with types. @shallow @default all 0 */
  tokenTypeIds?: Ids | null
  /** Position of each token, (B, T). @shallow @default as the architecture defines */
  positionIds?: Ids | null
  /** Return the embeddings and the output of every layer. @default false */
  outputHiddenStates?: boolean
}
/** The output of an encoder without a head. */
export interface EncoderOutput {
  /** Output of the last layer, (B, T, C); (B, n, C) with `positionsToKeep` n. */
  lastHiddenState: Tensor
  /** The pooled first token, (B, C); null in a model without a pooler. */
  poolerOutput: Tensor | null
  /** Embeddings, then the output of each layer; null unless asked for. */
  hiddenStates: Tensor[] | null
}
/**
 * The keys of attention: a mask (B, 1, 1, T) bool, or the number of keys at the start of each row, (B) i64, or, in a packed batch, the keys of a query's own
 * sequence, which begin at `starts`.
 */
export interface KeyMask {
  mask: Tensor | null
  lengths: Tensor | null
  starts: readonly number[] | null
  /** Flat index b·T + t of the first token of each row, (B) i64; null where t is 0 in all rows, and in a packed batch. */
  first: Tensor | null
}
