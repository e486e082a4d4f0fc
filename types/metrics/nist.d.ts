// Generated from src/metrics/nist.ts by `npm run api`. Do not edit.

import type { CorpusOptions, References } from './corpus.js'
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
/**
 * NIST over a corpus by the rules of e2e-metrics: tokens of mteval-v13a in lower case, mean reference length.
 *
 * A matched n-gram `w1 … wn` counts `log2(count(w1 … wn-1) / count(w1 … wn))`, both over all references. An order without any n-gram
 * counts 0 (upstream divides by zero there).
 * @throws {OptionError} `ERR_LORA_OPTION` when outputs and references do not match in number, or an option is not usable.
 * @see github.com/tuetschek/e2e-metrics, pymteval.py; Doddington 2002.
 */
export declare function nist(
  hypotheses: readonly string[],
  references: References,
  options?: NistOptions,
): Promise<NistResult>
