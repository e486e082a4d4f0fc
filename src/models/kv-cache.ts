import * as ops from '../generated/ops.js'
import { OptionError } from '../errors.js'
import { checkInteger } from '../nn/options.js'
import { isGradEnabled, keep, noGrad } from '../scope.js'
import { full, zeros } from '../make.js'
import type { Tensor } from '../tensor.js'

interface LayerCache {
  keys: Tensor
  values: Tensor
}

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
export class KvCache {
  private readonly layers: LayerCache[] = []
  private filled = 0
  private capacity = 0

  /** Tokens in the cache, the same for every row of the batch. */
  get length(): number {
    return this.filled
  }

  /**
   * Makes room for the tokens of a forward that begins.
   * @returns how many keys S its attention will see, those that do not count included: the width of its mask.
   */
  extend(tokens: number): number {
    const end = this.filled + tokens
    if (end > this.capacity) this.capacity = Math.max(2 * this.capacity, end + 32)
    return this.filled === 0 ? tokens : this.capacity
  }

  /**
   * Writes the keys and values of new tokens behind the others and returns what attention reads.
   *
   * Shapes: `keys`, `values (B, T, H, D)`. The first tokens come back as they are; later the whole buffer does, which saves a copy.
   * @throws {OptionError} when the keys need gradients, which a buffer written in place cannot carry.
   */
  append(layer: number, keys: Tensor, values: Tensor): CachedKeys {
    if (isGradEnabled() && (keys.requiresGrad || values.requiresGrad)) throw trainedThroughCache()
    return noGrad(() => {
      const cache = this.reserve(layer, keys)
      ops.sliceAssign(cache.keys, keys, 1, this.filled)
      ops.sliceAssign(cache.values, values, 1, this.filled)
      if (this.filled === 0) return { keys, values, lengths: null }
      const end = this.filled + keys.shape[1]!
      return { ...cache, lengths: full([keys.shape[0]!], end, { dtype: 'i64' }) }
    })
  }

  /** Counts `tokens` new tokens as written; called once a forward. */
  advance(tokens: number): void {
    this.filled += tokens
  }

  /** Forgets all but the first `length` tokens, e.g. to go on from a shared prompt. */
  truncate(length: number): void {
    this.filled = Math.min(this.filled, checkInteger('KvCache.truncate', 'length', length, 0))
  }

  /** Gives the buffers back. The cache is then empty and may be used again. */
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

function trainedThroughCache(): OptionError {
  return new OptionError({
    what: 'KvCache: a cache cannot carry gradients',
    expected: 'a forward without gradients',
    received: 'keys that need gradients',
    fix: 'call the model inside noGrad(), or leave pastKeyValues and useCache out when training',
  })
}
