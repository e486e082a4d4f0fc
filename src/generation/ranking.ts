// The best tokens of each row, ranked where the scores lie: of 50,000 scores a row only the best and the edited ones cross to JavaScript.
import * as ops from '../generated/ops.js'
import { tensor } from '../make.js'
import type { Tensor } from '../tensor.js'
import type { TensorData } from '../values.js'
import type { LogitsProcessor } from './processors.js'
import { bestOf, logSoftmax, ranked } from './scores.js'
import type { Ranking } from './scores.js'

/** A row whose next token is wanted. */
export interface Row {
  /** Its tokens so far. */
  readonly ids: readonly number[]
  readonly processors: readonly LogitsProcessor[]
}

/** Recorded work, and what to make of its numbers when they are there. */
export interface Pending<T> {
  readonly tensors: readonly Tensor[]
  readonly finish: (data: readonly TensorData[]) => T
}

/** How to rank. */
export interface RankOptions {
  /** How many tokens of each row. */
  best: number
  /** Rank `log p = x − ln Σ eˣ` and let the processors see that, as beam search does; else the logits themselves. */
  logProbabilities: boolean
}

/**
 * Records the ranking of each row after its processors.
 *
 * Where these say which tokens they touch, the best of a row are among the `best + M` best before them, M the number of touched tokens, and the
 * touched tokens. So two short lists answer for the whole row, whatever the processors do.
 *
 * Shapes: `logits (N, V)`, a row each.
 */
export function rank(
  logits: Tensor,
  rows: readonly Row[],
  { best, logProbabilities }: RankOptions,
): Pending<Ranking[]> {
  const V = logits.shape[1]!
  const touched = rows.map((row) => touchedBy(row, V))
  const most = Math.max(...touched.map((ids) => ids?.length ?? Infinity))
  if (best + most > V / 2) return rankWhole(logits, rows, best, logProbabilities)
  const lists = touched as number[][]
  const [values, places] = ops.sort(logits, best + most, true) // (N, best + M) each
  const tensors = [values, places]
  if (most > 0) tensors.push(ops.gather(logits, padded(lists, most), 1)) // (N, M)
  if (logProbabilities) tensors.push(ops.logsumexp(logits, [1], false)) // (N)
  const finish = (data: readonly TensorData[]): Ranking[] => {
    const own = most > 0 ? (data[2] as Float32Array) : null
    const sums = logProbabilities ? (data.at(-1) as Float32Array) : null
    const top = { values: data[0] as Float32Array, places: data[1] as BigInt64Array, width: best + most }
    // Processors index by token; only touched places are written and read.
    const scratch = new Float32Array(most > 0 ? V : 0)
    return rows.map((row, n) => {
      const shift = sums?.[n] ?? 0
      lists[n]!.forEach((id, i) => (scratch[id] = own![n * most + i]! - shift))
      for (const process of row.processors) process(scratch, row.ids)
      return merged(top, n, shift, lists[n]!, scratch, best)
    })
  }
  return { tensors, finish }
}

/** The tokens that a row's processors touch, each once; null when one of them may touch all. */
function touchedBy({ ids, processors }: Row, vocabulary: number): number[] | null {
  const touched = new Set<number>()
  for (const { touches } of processors) {
    if (touches === undefined) return null
    for (const id of touches(ids)) if (id < vocabulary) touched.add(id)
  }
  return [...touched]
}

function padded(lists: readonly (readonly number[])[], width: number): Tensor {
  const flat = new Float64Array(lists.length * width)
  lists.forEach((list, n) => flat.set(list, n * width))
  return tensor(flat, { dtype: 'i64', shape: [lists.length, width] })
}

interface Top {
  readonly values: Float32Array
  readonly places: BigInt64Array
  readonly width: number
}

/** The untouched ones among the best of row n, and the touched tokens with their new scores. */
function merged(top: Top, n: number, shift: number, touched: number[], scores: Float32Array, best: number): Ranking {
  const found = new Map<number, number>()
  for (let i = n * top.width; i < (n + 1) * top.width; i++) {
    const value = top.values[i]!
    found.set(Number(top.places[i]), shift === 0 ? value : Math.fround(value - shift))
  }
  for (const id of touched) found.set(id, scores[id]!)
  return ranked([...found.keys()], (id) => found.get(id)!, best)
}

function rankWhole(logits: Tensor, rows: readonly Row[], best: number, logProbabilities: boolean): Pending<Ranking[]> {
  const V = logits.shape[1]!
  const finish = ([data]: readonly TensorData[]): Ranking[] =>
    rows.map((row, n) => {
      const scores = (data as Float32Array).slice(n * V, (n + 1) * V)
      if (logProbabilities) logSoftmax(scores)
      for (const process of row.processors) process(scores, row.ids)
      return bestOf(scores, best)
    })
  return { tensors: [logits], finish }
}
