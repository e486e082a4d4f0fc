// BLEU as sacrebleu computes it.
import { checkOptions } from '../runtime/check-options.js'
import { bad } from '../runtime/options.js'
import { schemas } from '../runtime/tables.js'
import { candidates } from './bleu.js'
import { checkCorpus, checkSegment, eachItem, sumLists } from './corpus.js'
import type { CorpusOptions, References, Segment } from './corpus.js'
import { tokenize13a, tokenizeInternational } from './mteval.js'
import { NgramIndex, clippedHits, closestLength, largestCounts } from './ngrams.js'
import { splitWords, stripEnd } from '../runtime/text.js'

/** Options of {@link sacrebleu}, with sacrebleu's meanings. */
export interface SacrebleuOptions extends CorpusOptions {
  /** Compares in lower case. @default false */
  lowercase?: boolean
  /** How texts become tokens: as mteval-v13a, as mteval-v14 international, by white space, by character. @default '13a' */
  tokenize?: '13a' | 'intl' | 'none' | 'char'
  /** Smoothing of orders without hits. @default 'exp' */
  smoothMethod?: 'exp' | 'floor' | 'add-k' | 'none'
  /** The value of `floor` and `add-k`. @minimum 0 @default 0.1 for `floor`, 1 for `add-k` */
  smoothValue?: number
  /** The longest n-gram. @integer @minimum 1 @default 4 */
  maxNgramOrder?: number
  /** Ignores the orders that no output is long enough for. @default false for a corpus, true for a sentence */
  effectiveOrder?: boolean
}

/** The result of {@link sacrebleu}. */
export interface SacrebleuResult {
  /** BLEU, 0 to 100. */
  score: number
  /** Matched n-grams, by order. */
  counts: number[]
  /** n-grams of the outputs, by order. */
  totals: number[]
  /** Precisions by order, 0 to 100. */
  precisions: number[]
  /** Brevity penalty. */
  bp: number
  /** Tokens of the outputs. */
  sysLen: number
  /** Sum of the nearest reference lengths. */
  refLen: number
}

const TOKENIZERS = {
  '13a': tokenize13a,
  intl: tokenizeInternational,
  none: splitWords,
  char: (text: string) => splitWords([...text].join(' ')),
}
const DEFAULT_VALUES = { floor: 0.1, 'add-k': 1 }

type Rules = Required<Omit<SacrebleuOptions, 'signal'>>
interface Stats {
  counts: number[]
  sysLen: number
  refLen: number
  totals: number[]
}

/**
 * BLEU over a corpus with sacrebleu's numbers (version 2; a score from 0 to 100).
 * @example await metrics.sacrebleu(outputs, references, { lowercase: true })
 * @throws {OptionError} `ERR_LORA_OPTION` when outputs and references do not match in number, or an option is not usable.
 * @see github.com/mjpost/sacrebleu; Post 2018.
 */
export async function sacrebleu(
  hypotheses: readonly string[],
  references: References,
  options: SacrebleuOptions = {},
): Promise<SacrebleuResult> {
  const owner = 'metrics.sacrebleu'
  const rules = rulesOf(owner, options, false)
  const index = new NgramIndex()
  const all = await eachItem(checkCorpus(owner, hypotheses, references), options, (segment) =>
    statsOf(segment, rules, index),
  )
  return scoreOf(
    {
      counts: sumLists(all.map(({ counts }) => counts)),
      totals: sumLists(all.map(({ totals }) => totals)),
      sysLen: all.reduce((sum, { sysLen }) => sum + sysLen, 0),
      refLen: all.reduce((sum, { refLen }) => sum + refLen, 0),
    },
    rules,
  )
}

/**
 * {@link sacrebleu} of one output, with `effectiveOrder`.
 * @throws {OptionError} `ERR_LORA_OPTION` when an argument or option is not usable.
 */
export function sentenceSacrebleu(
  hypothesis: string,
  references: string | readonly string[],
  options: SacrebleuOptions = {},
): SacrebleuResult {
  const owner = 'metrics.sentenceSacrebleu'
  const rules = rulesOf(owner, options, true)
  return scoreOf(statsOf(checkSegment(owner, hypothesis, references), rules, new NgramIndex()), rules)
}

function rulesOf(owner: string, options: SacrebleuOptions, effective: boolean): Rules {
  checkOptions(owner, options, schemas.SacrebleuOptions)
  const smoothMethod = options.smoothMethod ?? 'exp'
  const takesValue = smoothMethod === 'floor' || smoothMethod === 'add-k'
  if (options.smoothValue !== undefined && !takesValue) {
    throw bad(owner, 'smoothValue', "no value unless smoothMethod is 'floor' or 'add-k'", options.smoothValue)
  }
  const usual = takesValue ? DEFAULT_VALUES[smoothMethod] : 0
  return {
    lowercase: options.lowercase ?? false,
    tokenize: options.tokenize ?? '13a',
    smoothMethod,
    smoothValue: options.smoothValue ?? usual,
    maxNgramOrder: options.maxNgramOrder ?? 4,
    effectiveOrder: options.effectiveOrder ?? effective,
  }
}

function statsOf({ hypothesis, references }: Segment, rules: Rules, index: NgramIndex): Stats {
  const { lowercase, tokenize, maxNgramOrder } = rules
  const split = (text: string) => TOKENIZERS[tokenize](stripEnd(lowercase ? text.toLowerCase() : text))
  const tokens = split(hypothesis)
  const others = references.map(split)
  const limits = largestCounts(others.map((other) => index.count(other, maxNgramOrder)))
  return {
    counts: clippedHits(index.count(tokens, maxNgramOrder), limits),
    totals: candidates(tokens.length, maxNgramOrder),
    sysLen: tokens.length,
    refLen: closestLength(
      tokens.length,
      others.map((other) => other.length),
    ),
  }
}

function scoreOf({ counts, totals, sysLen, refLen }: Stats, rules: Rules): SacrebleuResult {
  const { smoothMethod, smoothValue, maxNgramOrder, effectiveOrder } = rules
  const bp = sysLen >= refLen ? 1 : sysLen === 0 ? 0 : Math.exp(1 - refLen / sysLen)
  const precisions = new Array<number>(maxNgramOrder).fill(0)
  if (counts.every((count) => count === 0)) return { score: 0, counts, totals, precisions, bp, sysLen, refLen }

  // `add-k` does not change unigrams, and sacrebleu reports its counts.
  const added = (list: number[]) =>
    list.map((count, n) => (smoothMethod === 'add-k' && n > 0 ? count + smoothValue : count))
  const [hits, all] = [added(counts), added(totals)]
  let orders = maxNgramOrder
  let halving = 1
  for (let n = 0; n < maxNgramOrder && all[n]! > 0; n++) {
    if (effectiveOrder) orders = n + 1
    if (hits[n]! > 0) precisions[n] = (100 * hits[n]!) / all[n]!
    else if (smoothMethod === 'exp') precisions[n] = 100 / ((halving *= 2) * all[n]!)
    else if (smoothMethod === 'floor') precisions[n] = (100 * smoothValue) / all[n]!
  }
  const logs = precisions.slice(0, orders).reduce((sum, p) => sum + Math.log(p), 0)
  return { score: bp * Math.exp(logs / orders), counts: hits, totals: all, precisions, bp, sysLen, refLen }
}
