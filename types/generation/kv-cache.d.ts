/// <reference lib="esnext.disposable" />
// Generated from src/generation/kv-cache.ts by `npm run api`. Do not edit.

import type { Tensor } from '../tensor/tensor.js'
/** The keys and values of attention, (B, S, H, D), of which the first `lengths` of each row are valid. */
export interface CachedKeys {
  keys: Tensor
  values: Tensor
  /** (B) i64; null when all S are valid. */
  lengths: Tensor | null
}
/**
 * Keys and values of the tokens seen so far, for every layer, so that generation computes each token once.
 *
 * The buffers are (B, capacity, H, D) and grow by doubling; new tokens are written in place. A model creates one when called with
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
   * Grows the capacity for the tokens of a new forward.
   * @returns the number of keys S in its attention, invalid ones included: the width of its mask.
   */
  extend(tokens: number): number
  /**
   * Appends the keys and values of new tokens and returns the keys and values to attend to.
   *
   * Shapes: `keys`, `values (B, T, H, D)`. The first tokens are returned as they are, later ones as the whole buffer, which saves a copy.
   * @throws {OptionError} when the keys need gradients, which a buffer written in place cannot carry.
   */
  append(layer: number, keys: Tensor, values: Tensor): CachedKeys
  /** Counts `tokens` new tokens as written; called once a forward. */
  advance(tokens: number): void
  /** Drops all but the first `length` tokens, e.g. to continue from a shared prompt. */
  truncate(length: number): void
  /**
   * Keeps the first `from` tokens, and in each row the later tokens of the given indices, in the given order: the tokens of dropped beams are removed. Rows of
   * one length; an index may occur twice.
   *
   * Shapes: `indices (B, n)`, from `from` to `length − 1`. The cache then has `from + n` tokens, of which n are copied.
   * @throws {OptionError} for an index out of range, and for rows of different lengths.
   */
  retain(from: number, indices: readonly (readonly number[])[]): void
  /**
   * Makes row i a copy of the old row `rows[i]`: repeats a prompt for several continuations, or drops finished rows.
   * @throws {OptionError} for a row that does not exist.
   */
  batchSelectIndices(rows: readonly number[]): void
  /** Releases the buffers. The cache is then empty and can be reused. */
  dispose(): void
  [Symbol.dispose](): void
  private checkIndices
  private lengthsOf
  private reserve
  private grow
}
