// Generated from src/models/shared/decoder.ts by `npm run api`. Do not edit.

import type { Module } from '../../nn/module.js'
import { Tensor } from '../../tensor/tensor.js'
import { DecoderOutput } from './decoder-output.js'
import type { Ids } from '../../generation/ids.js'
import { KvCache } from '../../generation/kv-cache.js'
import type { Reads } from './packing.js'
/** Options of a decoder's forward. */
export interface DecoderOptions {
  /**
   * 1 for tokens, 0 for padding, (B, S) with S the tokens in the cache and the new ones. Where its values are known (rows of numbers, or a tensor made from
   * numbers) and there is no cache, padding is not computed at all, and outputs at its positions are 0. Any other tensor masks padding, which then costs as
   * much as tokens.
   *
   * Or a bool tensor (B, 1, T or 1, S), true where a new token may attend, in addition to causality: tokens of several continuations can
   * then share one cache. It may be wider than S; the surplus is cut off.
   * @shallow @default all 1
   */
  attentionMask?: Ids | null
  /** Position of each token, (B, T). @shallow @default 0, 1, … in every row, after those in the cache, regardless of the mask */
  positionIds?: Ids | null
  /**
   * Tokens of the longest sequence, those in the cache included, where some rows of a batch have left it: `longrope` and `dynamic` rotary positions go by the
   * longest one. With a cache it also says that growing beyond the original length is meant, as in transformers: what is cached stays as it was rotated.
   * @integer @minimum 1 @default from `positionIds`, else the width of the input
   */
  sequenceLength?: number
  /** Keys and values of earlier tokens; the new ones are appended. @default none */
  pastKeyValues?: KvCache | null
  /** Create a cache and return it. @default whether `pastKeyValues` is given */
  useCache?: boolean
  /** Return the embeddings and the output of every block. @default false */
  outputHiddenStates?: boolean
}
/** A table of token vectors: an `nn.Embedding`, or the LoRA layer that replaces it. */
export type TokenEmbedding = {
  weight: Tensor
  forward(ids: Tensor): Tensor
} & Module
/** A decoder without a head. */
export interface Decoder extends Module {
  /** Backward recomputes each block instead of keeping its activations: less memory for about a third more time. */
  gradientCheckpointing: boolean
  /** The token embedding, whose weight a tied head shares. */
  readonly inputEmbeddings: TokenEmbedding
  forward(inputIds: Ids, options?: DecoderOptions, reads?: Reads): DecoderOutput
}
/** What attention in a block needs besides its input. */
export interface AttentionContext {
  mask: Tensor | null
  /** The mask of blocks with a sliding window, where the index of a token in the cache does not give its distance; null where it does. */
  windowed: Tensor | null
  cache: KvCache | null
  /** In a packed batch, the first row of each sequence, then the number of rows. */
  starts: readonly number[] | null
  /** In the last block, the number of last tokens of each sequence whose output is read; of the others it computes keys and values only. Null for all. */
  last: number | null
}
