/// <reference lib="esnext.disposable" />
// Generated from src/generation/kv-cache.ts by `npm run api`. Do not edit.

import type { Tensor } from '../tensor/tensor.js'
/** What attention reads: keys and values (B, S, H, D), of which the first `lengths` of each row count. */
export interface CachedKeys {
  keys: Tensor
  values: Tensor
  /** (B) i64; null when all S count. */
  lengths: Tensor | null
}
/**
 * Keys and values of the tokens seen so far, for every layer, so that generation computes each token once.
 *
 * The buffers are (B, capacity, H, D) and grow by doubling; new tokens are written in place. A model makes one when called with
 * `useCache`, and writes to the one passed as `pastKeyValues`.
 * @example
 * const cache = new models.KvCache()
 * const first = lora.noGrad(() => model.forward(prompt, { pastKeyValues: cache }))
 * const next = lora.noGrad(() => model.forward(token, { pastKeyValues: cache }))   // sees the prompt too
 * cache.dispose()
 */
export declare class KvCache {
  #private
  private readonly layers
  private filled
  private capacity
  /** Tokens in the cache, the same for every row of the batch. */
  get length(): number
  /**
   * Makes room for the tokens of a forward that begins.
   * @returns how many keys S its attention will see, those that do not count included: the width of its mask.
   */
  extend(tokens: number): number
  /**
   * Writes the keys and values of new tokens behind the others and returns what attention reads.
   *
   * Shapes: `keys`, `values (B, T, H, D)`. The first tokens come back as they are; later the whole buffer does, which saves a copy.
   * @throws {OptionError} when the keys need gradients, which a buffer written in place cannot carry.
   */
  append(layer: number, keys: Tensor, values: Tensor): CachedKeys
  /** Counts `tokens` new tokens as written; called once a forward. */
  advance(tokens: number): void
  /** Forgets all but the first `length` tokens, e.g. to go on from a shared prompt. */
  truncate(length: number): void
  /**
   * Keeps the first `from` tokens, and of those behind them, in each row, the ones at the given places, in the given order: what beams
   * have given up goes. Rows of one length; a place may be named twice.
   *
   * Shapes: `places (B, n)`, from `from` to `length − 1`. The cache then holds `from + n` tokens; what is copied are those n.
   * @throws {OptionError} for a place that there is not, and for rows of different lengths.
   */
  retain(from: number, places: readonly (readonly number[])[]): void
  /**
   * Makes row i a copy of the old row `rows[i]`: repeats a prompt for several continuations, or drops the rows that are done.
   * @throws {OptionError} for a row that there is not.
   */
  batchSelectIndices(rows: readonly number[]): void
  /** Gives the buffers back. The cache is then empty and may be used again. */
  dispose(): void
  [Symbol.dispose](): void
  private checkPlaces
  private lengthsOf
  private reserve
  private grow
}
