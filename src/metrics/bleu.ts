// BLEU as e2e-metrics computes it, and multi-bleu of Moses.
import { checkOptions } from '../runtime/check-options.js'
import { schemas } from '../runtime/tables.js'
import { checkCorpus, checkSegment, eachItem, sumLists } from './corpus.js'
import type { CorpusOptions, References, Segment } from './corpus.js'
import { tokenize13a } from './mteval.js'
import { NgramIndex, clippedHits, closestLength, largestCounts } from './ngrams.js'
import { splitWords } from '../runtime/text.js'

/** Options of {@link bleu}. */
export interface BleuOptions extends CorpusOptions {
  /** Added to the hits and to the candidates of every order; 1 suits single sentences. @minimum 0 @default 0 */
  smoothing?: number
  /** Whether `The` and `the` differ. @default false */
  caseSensitive?: boolean
  /** The longest n-gram. @integer @minimum 1 @default 4 */
  maxNgram?: number
}

/** The counts of {@link bleu}, and its score. */
export interface BleuResult {
  /** BLEU as a fraction, 0 to 1. */
  score: number
  /** Matched n-grams, by order. */
  hits: number[]
  /** n-grams of the outputs, by order: max(0, L - n + 1) for an output of L tokens. */
  candidateNgrams: number[]
  /** Sum of the reference lengths nearest to the output's; the shorter of two equally near. */
  referenceLength: number
}

/** Options of {@link multiBleu}. */
export interface MultiBleuOptions extends CorpusOptions {
  /** Compares in lower case: `multi-bleu.perl -lc`. @default false */
  lowercase?: boolean
  /** Splits punctuation off first, as multi-bleu-detok.perl does; otherwise words are separated by white space. @default false */
  detokenized?: boolean
}

/** The result of {@link multiBleu}. */
export interface MultiBleuResult {
  /** BLEU, 0 to 100. */
  score: number
  /** Precisions by order, 0 to 100. */
  precisions: number[]
  /** Brevity penalty. */
  bp: number
  /** Words of the outputs. */
  hypLen: number
  /** Sum of the nearest reference lengths. */
  refLen: number
}

type Counted = Omit<BleuResult, 'score'>

// Keeps an order without hits or candidates defined.
const [TINY, SMALL] = [1e-15, 1e-9]
const ORDERS = 4

/**
 * BLEU over a corpus by the rules of e2e-metrics: tokens of mteval-v13a, in lower case, nearest reference length.
 *
 * `p_n = max(hits + s, 1e-15) / max(candidates + s, 1e-9)`; geometric mean over the orders, times `exp(1 - r/c)` when c <= r. An output of
 * fewer than n tokens has no n-grams (upstream counts a negative number of them, so that its score can exceed 1).
 *
 * Pauses from time to time, so that the event loop stays free.
 * @example
 * const { score } = await metrics.bleu(['The Wrestlers is a pub .'], [['The Wrestlers is a cheap pub .', 'A cheap pub .']])
 * @throws {OptionError} `ERR_LORA_OPTION` when outputs and references do not match in number, or an option is not usable.
 * @see github.com/tuetschek/e2e-metrics, pymteval.py; Papineni et al. 2002.
 */
export async function bleu(
  hypotheses: readonly string[],
  references: References,
  options: BleuOptions = {},
): Promise<BleuResult> {
  const rules = rulesOf('metrics.bleu', options)
  const index = new NgramIndex()
  const counted = await eachItem(checkCorpus('metrics.bleu', hypotheses, references), options, (segment) =>
    countSegment(segment, mtevalTokens(rules.caseSensitive), rules.maxNgram, index),
  )
  const total = sumCounts(counted)
  return { score: bleuOf(total, rules.smoothing), ...total }
}

/**
 * {@link bleu} of one output.
 * @example metrics.sentenceBleu('a cheap pub', ['a pub', 'a cheap place'], { smoothing: 1 })
 * @throws {OptionError} `ERR_LORA_OPTION` when an argument or option is not usable.
 */
export function sentenceBleu(
  hypothesis: string,
  references: string | readonly string[],
  options: BleuOptions = {},
): number {
  const { caseSensitive, maxNgram, smoothing } = rulesOf('metrics.sentenceBleu', options)
  const segment = checkSegment('metrics.sentenceBleu', hypothesis, references)
  return bleuOf(countSegment(segment, mtevalTokens(caseSensitive), maxNgram, new NgramIndex()), smoothing)
}

/**
 * BLEU as multi-bleu.perl and multi-bleu-detok.perl of Moses print it: no smoothing, so 0 when an order has no hit.
 * @throws {OptionError} `ERR_LORA_OPTION` when outputs and references do not match in number, or an option is not usable.
 * @see github.com/moses-smt/mosesdecoder, scripts/generic.
 */
export async function multiBleu(
  hypotheses: readonly string[],
  references: References,
  options: MultiBleuOptions = {},
): Promise<MultiBleuResult> {
  const owner = 'metrics.multiBleu'
  checkOptions(owner, options, schemas.MultiBleuOptions)
  const lowercase = options.lowercase ?? false
  const split = (options.detokenized ?? false) ? tokenize13a : splitWords
  const index = new NgramIndex()
  const counted = await eachItem(checkCorpus(owner, hypotheses, references), options, (segment) =>
    countSegment(segment, (text) => split(lowercase ? text.toLowerCase() : text), ORDERS, index),
  )
  const { hits, candidateNgrams, referenceLength: refLen } = sumCounts(counted)
  const hypLen = candidateNgrams[0]!
  const precisions = hits.map((count, n) => (candidateNgrams[n] === 0 ? 0 : count / candidateNgrams[n]!))
  const bp = hypLen >= refLen ? 1 : hypLen === 0 ? 0 : Math.exp(1 - refLen / hypLen)
  const score = 100 * bp * Math.exp(precisions.reduce((sum, p) => sum + Math.log(p), 0) / ORDERS)
  return { score, precisions: precisions.map((p) => 100 * p), bp, hypLen, refLen }
}

function rulesOf(owner: string, options: BleuOptions): Required<Omit<BleuOptions, 'signal'>> {
  checkOptions(owner, options, schemas.BleuOptions)
  return {
    smoothing: options.smoothing ?? 0,
    caseSensitive: options.caseSensitive ?? false,
    maxNgram: options.maxNgram ?? ORDERS,
  }
}

/** Tokens of e2e-metrics: those of mteval; an empty text is one empty token. */
export const mtevalTokens =
  (caseSensitive: boolean) =>
  (text: string): string[] => {
    const tokens = tokenize13a(text)
    if (tokens.length === 0) return ['']
    return caseSensitive ? tokens : tokens.map((token) => token.toLowerCase())
  }

/** Hits, candidates and nearest reference length of one segment. */
function countSegment(
  { hypothesis, references }: Segment,
  split: (text: string) => string[],
  maxNgram: number,
  index: NgramIndex,
): Counted {
  const tokens = split(hypothesis)
  const others = references.map(split)
  const limits = largestCounts(others.map((other) => index.count(other, maxNgram)))
  return {
    hits: clippedHits(index.count(tokens, maxNgram), limits),
    candidateNgrams: candidates(tokens.length, maxNgram),
    referenceLength: closestLength(
      tokens.length,
      others.map((other) => other.length),
    ),
  }
}

/** How many n-grams a text of `length` tokens has, by order. */
export const candidates = (length: number, maxNgram: number): number[] =>
  Array.from({ length: maxNgram }, (_, n) => Math.max(0, length - n))

function sumCounts(counted: readonly Counted[]): Counted {
  return {
    hits: sumLists(counted.map(({ hits }) => hits)),
    candidateNgrams: sumLists(counted.map(({ candidateNgrams }) => candidateNgrams)),
    referenceLength: counted.reduce((sum, { referenceLength }) => sum + referenceLength, 0),
  }
}

function bleuOf({ hits, candidateNgrams, referenceLength }: Counted, smoothing: number): number {
  const logs = hits.map((count, n) => {
    const [over, under] = [Math.max(count + smoothing, TINY), Math.max(candidateNgrams[n]! + smoothing, SMALL)]
    return Math.log(over / under)
  })
  const length = candidateNgrams[0]!
  const penalty = length <= referenceLength ? Math.exp(1 - referenceLength / length) : 1
  return penalty * Math.exp(logs.reduce((sum, value) => sum + value, 0) / hits.length)
}
