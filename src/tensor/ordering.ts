import { checkOptions } from '../runtime/check-options.js'
import * as schemas from '../generated/options.js'
import { OptionError, ShapeError } from '../errors.js'
import * as ops from '../generated/ops.js'
import { withGenerator } from '../runtime/random.js'
import type { Generator } from '../runtime/random.js'
import type { Tensor } from './tensor.js'
import { Reductions } from './reductions.js'

/** Options of {@link Tensor.sort}. */
export interface SortOptions {
  /** From large to small. @default false */
  descending?: boolean
  /** Equal values keep their order; they always do. @default true */
  stable?: boolean
}

/** Options of {@link Tensor.topk}. */
export interface TopkOptions {
  /** The largest, or the smallest. @default true */
  largest?: boolean
  /** In order; they always are. @default true */
  sorted?: boolean
}

/** Options of {@link Tensor.multinomial}. */
export interface MultinomialOptions {
  /** A category may be drawn again. @default false */
  replacement?: boolean
  /** Where the random numbers come from. @default the generator of the current stream */
  generator?: Generator
}

/** Order along a dimension. NaN is larger than every number. */
export abstract class Ordering extends Reductions {
  /** The values in order along a dimension, and the places they came from. */
  sort(dim = -1, options: SortOptions = {}): [values: Tensor, indices: Tensor] {
    checkOptions('sort', options, schemas.SortOptions)
    return this.ordered(dim, -1, options.descending ?? false)
  }

  /** The places that {@link sort} takes the values from. */
  argsort(dim = -1, options: SortOptions = {}): Tensor {
    return this.sort(dim, options)[1]
  }

  /** The `k` largest values along a dimension, the largest first, and their places; with `largest: false` the smallest. */
  topk(k: number, dim = -1, options: TopkOptions = {}): [values: Tensor, indices: Tensor] {
    checkOptions('topk', options, schemas.TopkOptions)
    this.checkRank('topk: k', k, dim, 0)
    return this.ordered(dim, k, options.largest ?? true)
  }

  /** The `k`-th smallest value along a dimension (the smallest is the first), and its place. */
  kthvalue(k: number, dim = -1, keepdim = false): [values: Tensor, indices: Tensor] {
    this.checkRank('kthvalue: k', k, dim, 1)
    return this.last(this.ordered(dim, k, false), k, dim, keepdim)
  }

  /** The median of all numbers: the lower of the two in the middle; NaN when there is one. */
  median(): Tensor
  /** The median along a dimension, and its place. */
  median(dim: number, keepdim?: boolean): [values: Tensor, indices: Tensor]
  median(dim?: number, keepdim = false): Tensor | [values: Tensor, indices: Tensor] {
    if (dim === undefined) return this.reshape(-1).median(0)[0]
    const n = this.checkRank('median: the dimension', 1, dim, 1)
    const [values, places] = this.kthvalue((n + 1) >> 1, dim, keepdim)
    // NaN is the largest, so it comes first among the largest.
    const [top, topPlaces] = this.last(this.ordered(dim, 1, true), 1, dim, keepdim)
    const nan = top.isnan()
    return [ops.where_(nan, top, values), ops.where_(nan, topPlaces, places)]
  }

  /**
   * `count` categories of each row, drawn by weight: i64 (count) or (rows, count). Weights are finite and not negative, and need not sum to 1.
   *
   * The same seed gives the same draws. A row with a bad weight, or with fewer weights above 0 than draws without replacement, is an
   * {@link OptionError} when the result is read.
   *
   * Shapes: `(n)` or `(rows, n)`.
   * @throws {OptionError} when more than n are drawn without replacement; {@link ShapeError} for other shapes.
   */
  multinomial(count: number, options: MultinomialOptions = {}): Tensor {
    checkOptions('multinomial', options, schemas.MultinomialOptions)
    return withGenerator(options.generator, () => ops.multinomial(this, count, options.replacement ?? false))
  }

  /** The engine sorts rows: the dimension goes to the end and back. */
  private ordered(dim: number, k: number, descending: boolean): [values: Tensor, indices: Tensor] {
    const [at, last] = [this.dimension(dim), Math.max(0, this.ndim - 1)]
    if (this.ndim === 0) {
      const [value, place] = ops.sort(this.reshape(1), k, descending)
      return k === 0 ? [value, place] : [value.reshape([]), place.reshape([])]
    }
    const [values, places] = ops.sort(this.transpose(at, last), k, descending)
    return [values.transpose(at, last), places.transpose(at, last)]
  }

  private last(
    [values, places]: [values: Tensor, indices: Tensor],
    k: number,
    dim: number,
    keepdim: boolean,
  ): [values: Tensor, indices: Tensor] {
    if (this.ndim === 0) return [values, places]
    const pick = (x: Tensor): Tensor => (keepdim ? x.narrow(dim, k - 1, 1) : x.narrow(dim, k - 1, 1).squeeze(dim))
    return [pick(values), pick(places)]
  }

  /** Refuses a rank that the dimension has not; returns the size of the dimension. */
  private checkRank(what: string, k: number, dim: number, least: number): number {
    const size = this.shape[this.dimension(dim)] ?? 1
    if (size === 0 && least > 0) {
      throw new ShapeError({
        what: `${what} has no values`,
        expected: 'at least one value',
        received: 'size 0',
        fix: 'check numel before the call',
      })
    }
    if (Number.isInteger(k) && k >= least && k <= size) return size
    throw new OptionError({
      what: `${what} is not usable`,
      expected: `a whole number from ${least} to ${size}, the size of dimension ${dim}`,
      received: String(k),
      fix: 'take no more values than the dimension has',
    })
  }
}
