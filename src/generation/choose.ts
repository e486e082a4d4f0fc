// The next token of each row: the best one, or a sample.
import * as ops from '../generated/ops.js'
import { rand } from '../tensor/make.js'
import { withGenerator } from '../runtime/random.js'
import type { Generator } from '../runtime/random.js'
import type { Tensor } from '../tensor/tensor.js'
import type { TensorData } from '../tensor/values.js'
import type { LogitsProcessor } from './processors.js'
import { rank } from './ranking.js'
import type { Pending, Row } from './ranking.js'
import { sample } from './sampling.js'
import type { Ranking } from './scores.js'

/** A row that is decoded token by token. */
export interface DecodedRow extends Row {
  /** Index of its uniform number in each step. */
  readonly draw: number
}

/** The settings of sampling. */
export interface Drawing {
  /** The processors of sampling, `temperature` and `topK` included. */
  readonly warpers: readonly LogitsProcessor[]
  /** The same without `topP`. */
  readonly warpersWithoutTopP: readonly LogitsProcessor[]
  readonly temperature: number
  /** 0 for none. */
  readonly topK: number
  /** 1 for none. */
  readonly topP: number
  readonly generator: Generator | undefined
  /** Uniform numbers per step, one for each row of the start: the samples of a row do not depend on which others are finished. */
  readonly draws: number
}

/** Records the choice of the best token of each row. Shapes: `logits (N, V)`. */
export function chooseBest(logits: Tensor, rows: readonly Row[]): Pending<number[]> {
  if (rows.some((row) => row.processors.length > 0)) {
    const { tensors, finish } = rank(logits, rows, { best: 1, logProbabilities: false })
    return { tensors, finish: (data) => finish(data).map(({ ids }) => ids[0]!) }
  }
  const best = ops.argmax(logits, 1, false)
  return { tensors: [best], finish: ([data]) => Array.from(data as BigInt64Array, Number) }
}

/** Most nuclei of `topP` lie within this many best tokens. */
const NUCLEUS = 1024

/**
 * Records the sample of a token for each row. With `topK` the k best scores are enough, unless others equal the k-th; with `topP` the best
 * ones, as long as their probabilities sum to p. Otherwise the choice is null, and all scores of the row are needed ({@link drawFromAll}).
 *
 * Shapes: `logits (N, V)`.
 */
export function draw(logits: Tensor, rows: readonly DecodedRow[], drawing: Drawing): Pending<(number | null)[]> {
  const uniform = withGenerator(drawing.generator, () => rand([drawing.draws], { dtype: 'f64' }))
  const { topK, topP, temperature } = drawing
  const most = logits.shape[1]! / 8
  const isNucleus = topK === 0 && topP < 1 && NUCLEUS <= most
  if (!isNucleus && (topK === 0 || topK > most)) {
    const finish = ([u, all]: readonly TensorData[]) =>
      rows.map((row, n) => drawFromAll(all as Float32Array, n, rows.length, row, drawing, u![row.draw] as number))
    return { tensors: [uniform, logits], finish }
  }
  const best = isNucleus ? { best: NUCLEUS, massAt: temperature } : { best: topK + 1 }
  const { tensors, finish } = rank(logits, rows, { ...best, logProbabilities: false })
  const drawFrom = isNucleus ? drawFromNucleus : drawFromBest
  const drawn = ([u, ...data]: readonly TensorData[]) =>
    finish(data).map((ranking, n) => drawFrom(ranking, drawing, u![rows[n]!.draw] as number))
  return { tensors: [uniform, ...tensors], finish: drawn }
}

function drawFromBest(ranking: Ranking, { warpers, topK, temperature }: Drawing, u: number): number | null {
  const [last, next] = [ranking.scores[topK - 1]!, ranking.scores[topK]!].map((score) =>
    Math.fround(score / temperature),
  )
  if (last === next && next! > -Infinity) return null
  return drawOf(ranking, topK, warpers, u)
}

/** The nucleus: the best tokens up to the one at which their probabilities reach `topP`. */
function drawFromNucleus(ranking: Ranking, drawing: Drawing, u: number): number | null {
  const { scores, mass } = ranking
  const share = (score: number) => Math.exp(score / drawing.temperature - mass!.largest - mass!.rest)
  let [count, sum] = [0, 0]
  while (count < scores.length && sum < drawing.topP) sum += share(scores[count++]!)
  const isWhole = sum >= drawing.topP && scores[count] !== scores[count - 1] && count < scores.length
  return isWhole ? drawOf(ranking, count, drawing.warpersWithoutTopP, u) : null
}

/** Draws one of the first `count` tokens. */
function drawOf({ ids, scores }: Ranking, count: number, warpers: readonly LogitsProcessor[], u: number): number {
  // In the order of the vocabulary, so that a uniform number selects the same token as from all scores.
  const order = Array.from({ length: count }, (_, i) => i).sort((a, b) => ids[a]! - ids[b]!)
  const kept = Float32Array.from(order, (i) => scores[i]!)
  for (const warp of warpers) warp(kept, [])
  return ids[order[sample(kept, u)]!]!
}

/** Draws the token of row n of all scores, (N, V) flat, with the uniform number `u`. */
export function drawFromAll(
  all: Float32Array,
  n: number,
  count: number,
  row: DecodedRow,
  { warpers }: Drawing,
  u: number,
): number {
  const V = all.length / count
  const scores = all.slice(n * V, (n + 1) * V)
  for (const process of row.processors) process(scores, row.ids)
  for (const warp of warpers) warp(scores, row.ids)
  return sample(scores, u)
}
