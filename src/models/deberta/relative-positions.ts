// Relative positions of DeBERTa (He et al. 2021): near distances have an embedding each, far ones share one by their logarithm.
import { tensor } from '../../tensor/make.js'
import type { Tensor } from '../../tensor/tensor.js'

/** The embedding of each distance in a sequence of S tokens. */
export interface RelativeRows {
  /** The first of the embeddings in use, and their number: short sequences need few. */
  readonly from: number
  readonly count: number
  /** Embeddings, counted from `from`, of the distances −(S − 1) to S − 1, (2S − 1) i64. */
  readonly ascending: Tensor
  /** The same for the distances from S − 1 down. */
  readonly descending: Tensor
}

/** Sizes that decide which embedding a distance has. */
export interface DistanceSizes {
  /** Buckets on either side; below 1 each distance has its own embedding. */
  buckets: number
  /** The largest distance. */
  longest: number
  /** Embeddings on either side of distance 0. */
  span: number
}

/** The embeddings for sequences of `tokens` tokens. Distance counts from the key to the query. */
export function relativeRows(tokens: number, sizes: DistanceSizes): RelativeRows {
  const all = Array.from({ length: 2 * tokens - 1 }, (_, i) => distanceRow(i - (tokens - 1), sizes))
  const [from, last] = [all[0]!, all.at(-1)!]
  const index = (rows: readonly number[]) =>
    tensor(
      Float64Array.from(rows, (row) => row - from),
      { dtype: 'i64' },
    )
  return { from, count: last - from + 1, ascending: index(all), descending: index(all.toReversed()) }
}

/** The embedding of a distance, 0 to 2·span − 1; distances beyond the embeddings share the last one. */
function distanceRow(distance: number, { buckets, longest, span }: DistanceSizes): number {
  const bucket = buckets > 0 ? bucketOf(distance, buckets, longest) : distance
  return Math.min(2 * span - 1, Math.max(0, bucket + span))
}

/**
 * Distances up to half of the buckets are unchanged; beyond, `mid + ⌈log(d / mid) / log((longest − 1) / mid) · (mid − 1)⌉`. Rounded in f32 at each step, as
 * PyTorch computes it: the rounding decides between two buckets at their border.
 */
function bucketOf(distance: number, buckets: number, longest: number): number {
  const mid = Math.floor(buckets / 2)
  const far = Math.abs(distance)
  if (far <= mid) return distance
  const log = (x: number) => Math.fround(Math.log(Math.fround(x)))
  const share = Math.fround(log(far / mid) / log((longest - 1) / mid))
  return Math.sign(distance) * (Math.ceil(Math.fround(share * (mid - 1))) + mid)
}

/**
 * Arranges scores by distance into scores by pair: `x (…, S, 2S − 1)` → `y (…, S, S)`, `y[i, j] = x[i, j − i + S − 1]`. Row i is the window of row i of x that
 * begins at S − 1 − i: in flat order each window begins 2S − 2 elements after the one before, so that two cuts suffice.
 */
export function skew(x: Tensor): Tensor {
  const [S, width] = [x.shape.at(-2)!, x.shape.at(-1)!]
  if (S === 1) return x
  const lead = x.shape.slice(0, -2)
  const flat = x.reshape([-1, S * width]).narrow(1, S - 1, S * (width - 1))
  return flat
    .reshape([-1, S, width - 1])
    .narrow(2, 0, S)
    .reshape([...lead, S, S])
}
