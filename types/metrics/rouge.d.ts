// Generated from src/metrics/rouge.ts by `npm run api`. Do not edit.

import type { CorpusOptions, References } from './corpus.js'
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
export declare function rougeL(
  hypotheses: readonly string[],
  references: References,
  options?: RougeLOptions,
): Promise<CorpusScore>
/**
 * ROUGE-1, ROUGE-2 and ROUGE-L of one output against one reference, as in the rouge-score package: words of a–z and 0–9 in lower
 * case.
 * @example metrics.rougeScore('a cheap pub', 'the cheap pub').rougeL.fmeasure   // 0.6667
 * @throws {OptionError} `ERR_LORA_OPTION` when an argument or option is not usable.
 * @see github.com/google-research/google-research, rouge.
 */
export declare function rougeScore(hypothesis: string, reference: string, options?: RougeScoreOptions): RougeScores
