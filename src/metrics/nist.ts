// NIST: n-grams weighted by their information.
import { checkOptions } from '../runtime/check-options.js'
import { schemas } from '../runtime/tables.js'
import { candidates, mtevalTokens } from './bleu.js'
import { checkCorpus, eachItem, sumLists } from './corpus.js'
import type { CorpusOptions, References } from './corpus.js'
import { NgramIndex, largestCounts } from './ngrams.js'

/** Options of {@link nist}. */
export interface NistOptions extends CorpusOptions {
  /** Whether `The` and `the` differ. @default false */
  caseSensitive?: boolean
  /** The longest n-gram. @integer @minimum 1 @default 5 */
  maxNgram?: number
}

/** The result of {@link nist}. */
export interface NistResult {
  /** NIST: 0 and up, mostly below 10. */
  score: number
  /** n-grams of the outputs, by order. */
  candidateNgrams: number[]
}

// The length penalty is 1/2 where the outputs have 2/3 of the references' length.
const BETA = -Math.log(0.5) / Math.log(1.5) ** 2

/**
 * NIST over a corpus by the rules of e2e-metrics: tokens of mteval-v13a in lower case, mean reference length.
 *
 * A matched n-gram `w1 … wn` counts `log2(count(w1 … wn-1) / count(w1 … wn))`, both over all references. An order without any n-gram
 * counts 0 (upstream divides by zero there).
 * @throws {OptionError} `ERR_LORA_OPTION` when outputs and references do not match in number, or an option is not usable.
 * @see github.com/tuetschek/e2e-metrics, pymteval.py; Doddington 2002.
 */
export async function nist(
  hypotheses: readonly string[],
  references: References,
  options: NistOptions = {},
): Promise<NistResult> {
  const owner = 'metrics.nist'
  checkOptions(owner, options, schemas.NistOptions)
  const split = mtevalTokens(options.caseSensitive ?? false)
  const maxNgram = options.maxNgram ?? 5
  const index = new NgramIndex()
  /** Counts of each n-gram in the references; that of the empty one is the number of tokens. */
  const known = new Map<number, number>([[0, 0]])
  let referenceLength = 0

  const segments = await eachItem(checkCorpus(owner, hypotheses, references), options, (segment) => {
    const tokens = split(segment.hypothesis)
    const others = segment.references.map(split)
    const counts = others.map((other) => index.count(other, maxNgram))
    for (const orders of counts)
      for (const order of orders) for (const [id, count] of order) known.set(id, (known.get(id) ?? 0) + count)
    const length = others.reduce((sum, other) => sum + other.length, 0)
    known.set(0, known.get(0)! + length)
    referenceLength += length / others.length
    return { length: tokens.length, counts: index.count(tokens, maxNgram), limits: largestCounts(counts) }
  })

  const information = (id: number): number => Math.log2(known.get(index.prefix[id]!)! / known.get(id)!)
  const sums = await eachItem(segments, options, ({ counts, limits }) =>
    counts.map((order, n) => {
      let sum = 0
      for (const [id, count] of order) {
        const hits = Math.min(count, limits[n]!.get(id) ?? 0)
        if (hits > 0) sum += hits * information(id)
      }
      return sum
    }),
  )
  const candidateNgrams = sumLists(segments.map(({ length }) => candidates(length, maxNgram)))
  const perOrder = sumLists(sums).map((sum, n) => (candidateNgrams[n] === 0 ? 0 : sum / candidateNgrams[n]!))
  const penalty = lengthPenalty(candidateNgrams[0]! / referenceLength)
  return { score: penalty * perOrder.reduce((sum, value) => sum + value, 0), candidateNgrams }
}

function lengthPenalty(ratio: number): number {
  return ratio >= 1 ? 1 : ratio <= 0 ? 0 : Math.exp(-BETA * Math.log(ratio) ** 2)
}
