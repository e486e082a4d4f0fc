// Generated from src/metrics/bleu.ts by `npm run api`. Do not edit.

import type { CorpusOptions, References } from './corpus.js'
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
export declare function bleu(
  hypotheses: readonly string[],
  references: References,
  options?: BleuOptions,
): Promise<BleuResult>
/**
 * {@link bleu} of one output.
 * @example metrics.sentenceBleu('a cheap pub', ['a pub', 'a cheap place'], { smoothing: 1 })
 * @throws {OptionError} `ERR_LORA_OPTION` when an argument or option is not usable.
 */
export declare function sentenceBleu(
  hypothesis: string,
  references: string | readonly string[],
  options?: BleuOptions,
): number
/**
 * BLEU as multi-bleu.perl and multi-bleu-detok.perl of Moses print it: no smoothing, so 0 when an order has no hit.
 * @throws {OptionError} `ERR_LORA_OPTION` when outputs and references do not match in number, or an option is not usable.
 * @see github.com/moses-smt/mosesdecoder, scripts/generic.
 */
export declare function multiBleu(
  hypotheses: readonly string[],
  references: References,
  options?: MultiBleuOptions,
): Promise<MultiBleuResult>
