// BLEU of nltk with NIST's geometric smoothing, which GenerationEval reports besides multi-bleu.
import { checkOptions } from '../runtime/check-options.js'
import { schemas } from '../runtime/tables.js'
import { checkCorpus, eachItem, sumLists } from './corpus.js'
import type { CorpusOptions, References } from './corpus.js'
import { candidates } from './bleu.js'
import { NgramIndex, clippedHits, closestLength, largestCounts } from './ngrams.js'
import { splitWords } from '../runtime/text.js'

const ORDERS = 4

/**
 * `corpus_bleu` of nltk with `SmoothingFunction().method3`, a fraction from 0 to 1: words are separated by white space, and the k-th order
 * without a hit counts 1/2^k of one. An output that is too short for an order adds one candidate to it, as in nltk.
 * @throws {OptionError} `ERR_LORA_OPTION` when outputs and references do not match in number.
 * @see nltk.translate.bleu_score; Chen and Cherry 2014, smoothing 3.
 */
export async function nltkBleu(
  hypotheses: readonly string[],
  references: References,
  options: CorpusOptions = {},
): Promise<number> {
  checkOptions('metrics.nltkBleu', options, schemas.CorpusOptions)
  const index = new NgramIndex()
  const segments = checkCorpus('metrics.nltkBleu', hypotheses, references)
  const counted = await eachItem(segments, options, ({ hypothesis, references: texts }) => {
    const tokens = splitWords(hypothesis)
    const others = texts.map(splitWords)
    const lengths = others.map((other) => other.length)
    const limits = largestCounts(others.map((other) => index.count(other, ORDERS)))
    return {
      hits: clippedHits(index.count(tokens, ORDERS), limits),
      candidateNgrams: candidates(tokens.length, ORDERS).map((count) => Math.max(1, count)),
      lengths: [tokens.length, closestLength(tokens.length, lengths)],
    }
  })
  const hits = sumLists(counted.map((segment) => segment.hits))
  const totals = sumLists(counted.map((segment) => segment.candidateNgrams))
  const [length, closest] = sumLists(counted.map((segment) => segment.lengths)) as [number, number]
  if (hits[0] === 0) return 0
  let missing = 0
  const logs = hits.map((count, n) => Math.log((count === 0 ? 2 ** -++missing : count) / totals[n]!))
  const penalty = length > closest ? 1 : Math.exp(1 - closest / length)
  return penalty * Math.exp(logs.reduce((sum, value) => sum + value, 0) / ORDERS)
}
