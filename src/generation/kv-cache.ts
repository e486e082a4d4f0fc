import { nameClass } from '../runtime/check-options.js'
import * as ops from '../generated/ops.js'
import { OptionError } from '../errors.js'
import { bad, checkInteger } from '../runtime/options.js'
import { isGradEnabled, keep, noGrad, scope } from '../tensor/scope.js'
import { full, tensor, zeros } from '../tensor/make.js'
import type { Tensor } from '../tensor/tensor.js'

interface LayerCache {
  keys: Tensor
  values: Tensor
}

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
export class KvCache {
  private readonly layers: LayerCache[] = []
  private filled = 0
  private capacity = 0
  /** Valid keys of each row, made once per forward for all layers; the tensor is released with that forward. */
  #lengths: { end: number; tensor: Tensor } | null = null

  /** Tokens in the cache, the same for every row of the batch. */
  get length(): number {
    return this.filled
  }

  /**
   * Grows the capacity for the tokens of a new forward.
   * @returns the number of keys S in its attention, invalid ones included: the width of its mask.
   */
  extend(tokens: number): number {
    const end = this.filled + tokens
    if (end > this.capacity) this.capacity = Math.max(2 * this.capacity, end + 32)
    return this.filled === 0 ? tokens : this.capacity
  }

  /**
   * Appends the keys and values of new tokens and returns the keys and values to attend to.
   *
   * Shapes: `keys`, `values (B, T, H, D)`. The first tokens are returned as they are, later ones as the whole buffer, which saves a copy.
   * @throws {OptionError} when the keys need gradients, which a buffer written in place cannot carry.
   */
  append(layer: number, keys: Tensor, values: Tensor): CachedKeys {
    if (isGradEnabled() && (keys.requiresGrad || values.requiresGrad)) throw trainedThroughCache()
    return noGrad(() => {
      const cache = this.reserve(layer, keys)
      ops.sliceAssign(cache.keys, keys, 1, this.filled)
      ops.sliceAssign(cache.values, values, 1, this.filled)
      if (this.filled === 0) return { keys, values, lengths: null }
      return { ...cache, lengths: this.lengthsOf(keys.shape[0]!, this.filled + keys.shape[1]!) }
    })
  }

  /** Counts `tokens` new tokens as written; called once a forward. */
  advance(tokens: number): void {
    this.filled += tokens
  }

  /** Drops all but the first `length` tokens, e.g. to continue from a shared prompt. */
  truncate(length: number): void {
    this.filled = Math.min(this.filled, checkInteger('KvCache.truncate', 'length', length, 0))
  }

  /**
   * Keeps the first `from` tokens, and in each row the later tokens of the given indices, in the given order: the tokens of dropped beams are removed. Rows of
   * one length; an index may occur twice.
   *
   * Shapes: `indices (B, n)`, from `from` to `length − 1`. The cache then has `from + n` tokens, of which n are copied.
   * @throws {OptionError} for an index out of range, and for rows of different lengths.
   */
  retain(from: number, indices: readonly (readonly number[])[]): void {
    this.checkIndices(from, indices)
    const kept = indices[0]?.length ?? 0
    if (kept > 0)
      noGrad(() =>
        scope(() => {
          for (const layer of this.layers) for (const buffer of [layer.keys, layer.values]) move(buffer, from, indices)
        }),
      )
    this.filled = from + kept
  }

  /**
   * Makes row i a copy of the old row `rows[i]`: repeats a prompt for several continuations, or drops finished rows.
   * @throws {OptionError} for a row that does not exist.
   */
  batchSelectIndices(rows: readonly number[]): void {
    const B = this.layers[0]?.keys.shape[0] ?? 0
    for (const row of rows) {
      if (!(Number.isInteger(row) && row >= 0 && row < B))
        throw bad('KvCache.batchSelectIndices', 'rows', `whole numbers from 0 to ${B - 1}`, row)
    }
    noGrad(() =>
      scope(() => {
        const index = tensor(Float64Array.from(rows), { dtype: 'i64' })
        for (const layer of this.layers) {
          const old = { ...layer }
          layer.keys = keep(old.keys.indexSelect(0, index))
          layer.values = keep(old.values.indexSelect(0, index))
          old.keys.dispose()
          old.values.dispose()
        }
      }),
    )
  }

  /** Releases the buffers. The cache is then empty and can be reused. */
  dispose(): void {
    for (const { keys, values } of this.layers.splice(0)) {
      keys.dispose()
      values.dispose()
    }
    this.filled = 0
    this.capacity = 0
  }

  [Symbol.dispose](): void {
    this.dispose()
  }

  private checkIndices(from: number, indices: readonly (readonly number[])[]): void {
    checkInteger('KvCache.retain', 'from', from, 0)
    const B = this.layers[0]?.keys.shape[0] ?? 0
    const fits = (index: number) => Number.isInteger(index) && index >= from && index < this.filled
    if (indices.length === B && indices.every((row) => row.length === indices[0]!.length && row.every(fits))) return
    const expected = `${B} rows of one length, of whole numbers from ${from} to ${this.filled - 1}`
    throw bad('KvCache.retain', 'indices', expected, indices)
  }

  private lengthsOf(rows: number, end: number): Tensor {
    const known = this.#lengths
    if (known !== null && known.end === end && known.tensor.shape[0] === rows && !known.tensor.isDisposed)
      return known.tensor
    this.#lengths = { end, tensor: full([rows], end, { dtype: 'i64' }) }
    return this.#lengths.tensor
  }

  private reserve(layer: number, like: Tensor): LayerCache {
    const old = this.layers[layer]
    if (old !== undefined && old.keys.shape[1]! >= this.capacity) return old
    const grown = { keys: this.grow(old?.keys, like), values: this.grow(old?.values, like) }
    this.layers[layer] = grown
    return grown
  }

  private grow(old: Tensor | undefined, like: Tensor): Tensor {
    const [B = 0, , H = 0, D = 0] = like.shape
    const buffer = keep(zeros([B, this.capacity, H, D], { dtype: like.dtype }))
    if (old !== undefined) {
      ops.sliceAssign(buffer, old, 1, 0)
      old.dispose()
    }
    return buffer
  }
}

nameClass('KvCache', KvCache)

/** Moves tokens of a buffer (B, capacity, H, D) to the slots after its first `from`. */
function move(buffer: Tensor, from: number, indices: readonly (readonly number[])[]): void {
  const [B = 0, capacity = 0, H = 0, D = 0] = buffer.shape
  const flat = Float64Array.from(indices.flatMap((row, b) => row.map((index) => b * capacity + index)))
  const index = tensor(flat, { dtype: 'i64' })
  const kept = buffer.reshape([B * capacity, H, D]).indexSelect(0, index)
  ops.sliceAssign(buffer, kept.reshape([B, -1, H, D]), 1, from)
}

function trainedThroughCache(): OptionError {
  return new OptionError({
    what: 'KvCache: a cache cannot carry gradients',
    expected: 'a forward without gradients',
    received: 'keys that need gradients',
    fix: 'call the model inside noGrad(), or leave pastKeyValues and useCache out when training',
  })
}
