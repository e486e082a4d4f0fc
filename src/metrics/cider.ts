// CIDEr: similarity of outputs and references by tf-idf weighted n-grams.
import { checkOptions } from '../runtime/check-options.js'
import { schemas } from '../runtime/tables.js'
import { checkCorpus, eachItem, mean } from './corpus.js'
import type { CorpusOptions, References } from './corpus.js'
import { NgramIndex } from './ngrams.js'
import type { NgramCounts } from './ngrams.js'
import { splitterOf } from './ptb.js'
import type { PtbChoice } from './ptb.js'
import type { CorpusScore } from './rouge.js'

/** Options of {@link cider}. */
export interface CiderOptions extends CorpusOptions {
  /** The longest n-gram. @integer @minimum 1 @default 4 */
  maxNgram?: number
  /** Width of the penalty for a different length. @exclusiveMinimum 0 @default 6 */
  sigma?: number
  /** How texts become tokens: PTB tokens without punctuation in lower case, or split at white space unchanged. @default 'ptb' */
  tokenize?: PtbChoice
}

/** tf-idf weights of the n-grams of a text, by order. */
interface Vector {
  weights: Map<number, number>[]
  norms: number[]
  /** The number of bigrams, which upstream compares as the length. */
  length: number
}

/**
 * CIDEr as e2e-metrics and coco-caption compute it (there CIDEr-D: counts clipped to the reference, a penalty for a different length), 0 to 10.
 *
 * Document frequencies count segments, over the references of each together; the cosine is averaged over orders and references.
 * @throws {OptionError} `ERR_LORA_OPTION` when outputs and references do not match in number, or an option is not usable.
 * @see github.com/tylin/coco-caption; Vedantam et al. 2015.
 */
export async function cider(
  hypotheses: readonly string[],
  references: References,
  options: CiderOptions = {},
): Promise<CorpusScore> {
  const owner = 'metrics.cider'
  checkOptions(owner, options, schemas.CiderOptions)
  const maxNgram = options.maxNgram ?? 4
  const sigma = options.sigma ?? 6
  const split = splitterOf(options.tokenize ?? 'ptb')
  const index = new NgramIndex()
  const count = (text: string) => index.count(split(text), maxNgram)

  const documents = new Map<number, number>()
  const segments = await eachItem(checkCorpus(owner, hypotheses, references), options, (segment) => {
    const others = segment.references.map(count)
    for (const id of idsOf(others)) documents.set(id, (documents.get(id) ?? 0) + 1)
    return { counts: count(segment.hypothesis), others }
  })

  const all = Math.log(segments.length)
  const weigh = (counts: NgramCounts) => vectorOf(counts, (id) => all - Math.log(Math.max(1, documents.get(id) ?? 0)))
  const each = await eachItem(segments, options, ({ counts, others }) => {
    const own = weigh(counts)
    const sum = others.reduce((total, other) => total + similarity(own, weigh(other), sigma), 0)
    return (10 * sum) / (maxNgram * others.length)
  })
  return { score: mean(each), each }
}

function idsOf(texts: readonly NgramCounts[]): Set<number> {
  const ids = new Set<number>()
  for (const orders of texts) for (const order of orders) for (const id of order.keys()) ids.add(id)
  return ids
}

function vectorOf(counts: NgramCounts, idf: (id: number) => number): Vector {
  const norms: number[] = []
  const weights = counts.map((order) => {
    const weighted = new Map<number, number>()
    let squares = 0
    for (const [id, count] of order) {
      const weight = count * idf(id)
      weighted.set(id, weight)
      squares += weight * weight
    }
    norms.push(Math.sqrt(squares))
    return weighted
  })
  let length = 0
  for (const count of counts[1]?.values() ?? []) length += count
  return { weights, norms, length }
}

/** The sum over orders of the clipped cosine, damped by the difference of the lengths. */
function similarity(a: Vector, b: Vector, sigma: number): number {
  let total = 0
  for (const [n, weights] of a.weights.entries()) {
    const others = b.weights[n]!
    let product = 0
    for (const [id, weight] of weights) {
      const other = others.get(id)
      if (other !== undefined) product += Math.min(weight, other) * other
    }
    const norm = a.norms[n]! * b.norms[n]!
    total += norm === 0 ? product : product / norm
  }
  return total * Math.exp(-((a.length - b.length) ** 2) / (2 * sigma ** 2))
}
