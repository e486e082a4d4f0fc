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
   * 1 for tokens, 0 for padding, (B, S) with S the tokens in the cache and the new ones. Where its numbers are known, in rows or in a tensor that was
   * made of them, and without a cache, padding is not computed at all, and outputs at its positions are 0. Any other tensor hides padding, which then costs
   * what tokens cost.
   *
   * Or a bool tensor (B, 1, T or 1, S), true where a new token may look, on top of what comes before it: tokens of several continuations can
   * then lie in one cache. It may be wider than S; what is too much is cut off.
   * @default all 1
   */
  attentionMask?: Ids | null
  /** Position of each token, (B, T). @default 0, 1, … in every row, after those in the cache, whatever the mask says */
  positionIds?: Ids | null
  /** Keys and values of earlier tokens; the new ones are added to it. @default none */
  pastKeyValues?: KvCache | null
  /** Make a cache and return it. @default whether `pastKeyValues` is given */
  useCache?: boolean
  /** Return the embeddings and the output of every block. @default false */
  outputHiddenStates?: boolean
}
/** A table of token vectors: an `nn.Embedding`, or the LoRA layer in its place. */
export type TokenEmbedding = {
  weight: Tensor
  forward(ids: Tensor): Tensor
} & Module
/** A decoder without a head. */
export interface Decoder extends Module {
  /** Backward computes each block again instead of keeping what it needs: less memory for about a third more time. */
  gradientCheckpointing: boolean
  /** The token embedding, whose weight a tied head shares. */
  readonly inputEmbeddings: TokenEmbedding
  forward(inputIds: Ids, options?: DecoderOptions, reads?: Reads): DecoderOutput
}
/** What attention in a block needs to know beside its input. */
export interface AttentionContext {
  mask: Tensor | null
  /** The mask of blocks with a sliding window, where the places of tokens do not tell how far back they lie; null where they do. */
  windowed: Tensor | null
  cache: KvCache | null
  /** In a packed batch, where its sequences begin, and its number of rows. */
  starts: readonly number[] | null
  /** In the last block, of how many last tokens of each sequence the output is read; of all others keys and values are all it computes. Null for all. */
  last: number | null
}
