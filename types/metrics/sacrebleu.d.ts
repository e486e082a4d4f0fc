// Generated from src/metrics/sacrebleu.ts by `npm run api`. Do not edit.

import type { CorpusOptions, References } from './corpus.js'
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
/**
 * BLEU over a corpus with sacrebleu's numbers (version 2; a score from 0 to 100).
 * @example await metrics.sacrebleu(outputs, references, { lowercase: true })
 * @throws {OptionError} `ERR_LORA_OPTION` when outputs and references do not match in number, or an option is not usable.
 * @see github.com/mjpost/sacrebleu; Post 2018.
 */
export declare function sacrebleu(
  hypotheses: readonly string[],
  references: References,
  options?: SacrebleuOptions,
): Promise<SacrebleuResult>
/**
 * {@link sacrebleu} of one output, with `effectiveOrder`.
 * @throws {OptionError} `ERR_LORA_OPTION` when an argument or option is not usable.
 */
export declare function sentenceSacrebleu(
  hypothesis: string,
  references: string | readonly string[],
  options?: SacrebleuOptions,
): SacrebleuResult
