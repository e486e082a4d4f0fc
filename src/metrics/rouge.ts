// ROUGE-L of coco-caption, and ROUGE-1, -2 and -L of the rouge-score package.
import { checkOptions } from '../runtime/check-options.js'
import { schemas } from '../runtime/tables.js'
import { checkCorpus, checkSegment, eachItem, mean } from './corpus.js'
import type { CorpusOptions, References } from './corpus.js'
import { porterStem } from './porter.js'
import { splitterOf } from './ptb.js'
import type { PtbChoice } from './ptb.js'

/** Options of {@link rougeL}. */
export interface RougeLOptions extends CorpusOptions {
  /** How much more recall weighs than precision. @minimum 0 @default 1.2 */
  beta?: number
  /** How texts become tokens: PTB tokens without punctuation in lower case, or split at white space unchanged. @default 'ptb' */
  tokenize?: PtbChoice
}

/** Options of {@link rougeScore}. */
export interface RougeScoreOptions {
  /** Compare the stems of words of more than three letters. @default false */
  useStemmer?: boolean
}

/** The score of a corpus, and that of each segment. */
export interface CorpusScore {
  /** The score of the corpus. */
  score: number
  /** The score of each segment. */
  each: number[]
}

/** Precision, recall and their harmonic mean, each from 0 to 1. */
export interface RougeValues {
  precision: number
  recall: number
  fmeasure: number
}

/** The result of {@link rougeScore}. */
export interface RougeScores {
  rouge1: RougeValues
  rouge2: RougeValues
  rougeL: RougeValues
}

/**
 * ROUGE-L as e2e-metrics and coco-caption compute it: `(1 + β²) P R / (R + β² P)` from the longest common subsequence, with P and R each
 * the largest over the references; the mean over segments, 0 to 1.
 * @throws {OptionError} `ERR_LORA_OPTION` when outputs and references do not match in number, or an option is not usable.
 * @see github.com/tylin/coco-caption; Lin 2004.
 */
export async function rougeL(
  hypotheses: readonly string[],
  references: References,
  options: RougeLOptions = {},
): Promise<CorpusScore> {
  const owner = 'metrics.rougeL'
  checkOptions(owner, options, schemas.RougeLOptions)
  const weight = (options.beta ?? 1.2) ** 2
  const words = splitterOf(options.tokenize ?? 'ptb')
  // An empty text is one empty token there, which only another empty text matches.
  const split = (text: string) => (words(text).length === 0 ? [''] : words(text))
  const each = await eachItem(checkCorpus(owner, hypotheses, references), options, (segment) => {
    const tokens = split(segment.hypothesis)
    let [precision, recall] = [0, 0]
    for (const reference of segment.references) {
      const others = split(reference)
      const common = longestCommon(tokens, others)
      precision = Math.max(precision, common / tokens.length)
      recall = Math.max(recall, common / others.length)
    }
    return precision === 0 ? 0 : ((1 + weight) * precision * recall) / (recall + weight * precision)
  })
  return { score: mean(each), each }
}

/**
 * ROUGE-1, ROUGE-2 and ROUGE-L of one output against one reference, as in the rouge-score package: words of a–z and 0–9 in lower
 * case.
 * @example metrics.rougeScore('a cheap pub', 'the cheap pub').rougeL.fmeasure   // 0.6667
 * @throws {OptionError} `ERR_LORA_OPTION` when an argument or option is not usable.
 * @see github.com/google-research/google-research, rouge.
 */
export function rougeScore(hypothesis: string, reference: string, options: RougeScoreOptions = {}): RougeScores {
  const owner = 'metrics.rougeScore'
  checkOptions(owner, options, schemas.RougeScoreOptions)
  const useStemmer = options.useStemmer ?? false
  const segment = checkSegment(owner, hypothesis, reference)
  const tokens = rougeTokens(segment.hypothesis, useStemmer)
  const target = rougeTokens(segment.references[0]!, useStemmer)
  return {
    rouge1: overlap(tokens, target, 1),
    rouge2: overlap(tokens, target, 2),
    rougeL: values(longestCommon(tokens, target), tokens.length, target.length),
  }
}

function rougeTokens(text: string, useStemmer: boolean): string[] {
  const words = text.toLowerCase().match(/[a-z0-9]+/g) ?? []
  return useStemmer ? words.map((word) => (word.length > 3 ? porterStem(word) : word)) : [...words]
}

function overlap(tokens: readonly string[], target: readonly string[], n: number): RougeValues {
  const [counts, limits] = [countWords(tokens, n), countWords(target, n)]
  let common = 0
  for (const [gram, count] of counts) common += Math.min(count, limits.get(gram) ?? 0)
  return values(common, Math.max(0, tokens.length - n + 1), Math.max(0, target.length - n + 1))
}

function countWords(tokens: readonly string[], n: number): Map<string, number> {
  const counts = new Map<string, number>()
  for (let i = 0; i + n <= tokens.length; i++) {
    const gram = tokens.slice(i, i + n).join(' ')
    counts.set(gram, (counts.get(gram) ?? 0) + 1)
  }
  return counts
}

function values(common: number, length: number, targetLength: number): RougeValues {
  const [precision, recall] = [common / Math.max(1, length), common / Math.max(1, targetLength)]
  const fmeasure = common === 0 ? 0 : (2 * precision * recall) / (precision + recall)
  return { precision, recall, fmeasure }
}

/** Length of the longest common subsequence, with one row of the table in memory. */
export function longestCommon(a: readonly string[], b: readonly string[]): number {
  const row = new Int32Array(b.length + 1)
  for (const word of a) {
    let diagonal = 0
    for (let j = 1; j <= b.length; j++) {
      const above = row[j]!
      row[j] = word === b[j - 1] ? diagonal + 1 : Math.max(above, row[j - 1]!)
      diagonal = above
    }
  }
  return row[b.length]!
}
