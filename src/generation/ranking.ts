// The best tokens of each row, ranked in the engine: of 50,000 scores per row only the best and the edited ones are copied to JavaScript.
import * as ops from '../generated/ops.js'
import { tensor } from '../tensor/make.js'
import type { Tensor } from '../tensor/tensor.js'
import type { TensorData } from '../tensor/values.js'
import type { LogitsProcessor } from './processors.js'
import { bestOf, logProbability, logSoftmax, massOf, ranked } from './scores.js'
import type { Mass, Ranking } from './scores.js'

/** A row whose next token is chosen. */
export interface Row {
  /** Its tokens so far. */
  readonly ids: readonly number[]
  readonly processors: readonly LogitsProcessor[]
}

/** Recorded tensors, and the function of their values. */
export interface Pending<T> {
  readonly tensors: readonly Tensor[]
  readonly finish: (data: readonly TensorData[]) => T
}

/** How to rank. */
export interface RankOptions {
  /** Number of tokens per row. */
  best: number
  /** Rank `log p = x − ln Σ eˣ` and apply the processors to it, as in beam search; otherwise the logits themselves. */
  logProbabilities: boolean
  /** Return the mass of each row, too: `Σ e^(x / t)` of all its scores after the processors, at this temperature t. */
  massAt?: number
}

/**
 * Records the ranking of each row after its processors.
 *
 * Where the processors declare the tokens they touch, the best of a row are among the `best + M` best before them, M the number of touched
 * tokens, and the touched tokens. So two short lists suffice, whatever the processors do.
 *
 * Shapes: `logits (N, V)`, a row each.
 */
export function rank(logits: Tensor, rows: readonly Row[], options: RankOptions): Pending<Ranking[]> {
  const V = logits.shape[1]!
  const { best, logProbabilities, massAt } = options
  const touched = rows.map((row) => touchedBy(row, V))
  const most = Math.max(...touched.map((ids) => ids?.length ?? Infinity))
  if (best + most > V / 2) return rankWhole(logits, rows, options)
  const lists = touched as number[][]
  const tensors = [...ops.sort(logits, best + most, true)] // (N, best + M) each
  const index = most > 0 ? padded(lists, most) : null
  if (index !== null) tensors.push(ops.gather(logits, index, 1)) // (N, M)
  if (logProbabilities) tensors.push(...recordMass(logits)) // (N) each
  if (massAt !== undefined) tensors.push(...recordMass(untouched(logits, lists, index, tensors[2]!), massAt))
  const last = tensors.length - 2
  const finish = (data: readonly TensorData[]): Ranking[] => {
    const own = index === null ? null : (data[2] as Float32Array)
    const massAfter = (tensor: number, n: number): Mass => ({
      largest: data[tensor]![n] as number,
      rest: data[tensor + 1]![n] as number,
    })
    const top = { values: data[0] as Float32Array, ids: data[1] as BigInt64Array, width: best + most }
    // Processors index by token; only touched elements are written and read.
    const scratch = new Float32Array(most > 0 ? V : 0)
    return rows.map((row, n) => {
      const mass = logProbabilities ? massAfter(index === null ? 2 : 3, n) : null
      lists[n]!.forEach((id, i) => (scratch[id] = scoreOf(own![n * most + i]!, mass)))
      for (const process of row.processors) process(scratch, row.ids)
      const ranking = merged(top, n, mass, lists[n]!, scratch, best)
      if (massAt === undefined) return ranking
      const changed = lists[n]!.map((id) => scratch[id]! / massAt)
      return { ...ranking, mass: massOf(changed, massAfter(last, n)) }
    })
  }
  return { tensors, finish }
}

/** The {@link Mass} of each row at a temperature: the largest scores and the rest, (N) each. */
function recordMass(scores: Tensor, temperature = 1): [largest: Tensor, rest: Tensor] {
  const heated = temperature === 1 ? scores : scores.div(temperature)
  const largest = ops.amax(heated, [1], true) // (N, 1)
  return [largest.squeeze(1), ops.logsumexp(heated.sub(largest), [1], false)]
}

/** The scores of the tokens that no processor touches, (N, V); those of the others are −∞. */
function untouched(
  logits: Tensor,
  lists: readonly (readonly number[])[],
  index: Tensor | null,
  touched: Tensor,
): Tensor {
  if (index === null) return logits
  // A row whose processors touch nothing keeps the scores at the indices of its padding.
  const touches = tensor(Uint8Array.from(lists, (list) => Math.min(list.length, 1)), { dtype: 'bool', shape: [lists.length, 1] }) // prettier-ignore
  return ops.scatter(logits, index, touched.maskedFill(touches, -Infinity), 1)
}

function scoreOf(logit: number, mass: Mass | null): number {
  return mass === null ? logit : logProbability(logit, mass)
}

/** The tokens that a row's processors touch, each once; null when one of them may touch any token. */
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
  lists.forEach((list, n) => {
    flat.fill(list[0] ?? 0, n * width, (n + 1) * width)
    flat.set(list, n * width)
  })
  return tensor(flat, { dtype: 'i64', shape: [lists.length, width] })
}

interface Top {
  readonly values: Float32Array
  readonly ids: BigInt64Array
  readonly width: number
}

/** The untouched ones among the best of row n, and the touched tokens with their new scores: merges two sorted lists. */
function merged(
  top: Top,
  n: number,
  mass: Mass | null,
  touched: number[],
  scores: Float32Array,
  best: number,
): Ranking {
  const isTouched = new Set(touched)
  const changed = ranked([...touched], (id) => scores[id]!, best)
  const result: Ranking = { ids: [], scores: [] }
  let t = 0
  const takeChanged = () => {
    result.ids.push(changed.ids[t]!)
    result.scores.push(changed.scores[t++]!)
  }
  for (let i = n * top.width; i < (n + 1) * top.width && result.ids.length < best; i++) {
    const id = Number(top.ids[i])
    if (isTouched.has(id)) continue
    const score = scoreOf(top.values[i]!, mass)
    while (t < changed.ids.length && isBefore(changed.scores[t]!, changed.ids[t]!, score, id)) takeChanged()
    result.ids.push(id)
    result.scores.push(score)
  }
  while (t < changed.ids.length && result.ids.length < best) takeChanged()
  return { ids: result.ids.slice(0, best), scores: result.scores.slice(0, best) }
}

function isBefore(score: number, id: number, other: number, otherId: number): boolean {
  return score > other || (score === other && id < otherId)
}

function rankWhole(logits: Tensor, rows: readonly Row[], options: RankOptions): Pending<Ranking[]> {
  const { best, logProbabilities, massAt } = options
  const V = logits.shape[1]!
  const finish = ([data]: readonly TensorData[]): Ranking[] =>
    rows.map((row, n) => {
      const scores = (data as Float32Array).slice(n * V, (n + 1) * V)
      if (logProbabilities) logSoftmax(scores)
      for (const process of row.processors) process(scores, row.ids)
      const ranking = bestOf(scores, best)
      return massAt === undefined ? ranking : { ...ranking, mass: massOf(scores.map((score) => score / massAt)) }
    })
  return { tensors: [logits], finish }
}
