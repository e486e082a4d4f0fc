// Generated from src/metrics/chrf.ts by `npm run api`. Do not edit.

import type { CorpusOptions, References } from './corpus.js'
/** Options of {@link chrf}, with sacrebleu's meanings. */
export interface ChrfOptions extends CorpusOptions {
  /** The longest sequence of characters. @integer @minimum 1 @default 6 */
  charOrder?: number
  /** The longest sequence of words: 0 is chrF, 2 is chrF++. @integer @minimum 0 @default 0 */
  wordOrder?: number
  /** How much more recall weighs than precision. @minimum 0 @default 2 */
  beta?: number
  /** Compares in lower case. @default false */
  lowercase?: boolean
  /** Counts white space as characters. @default false */
  whitespace?: boolean
}
/**
 * chrF over a corpus with sacrebleu's numbers, 0 to 100; with `wordOrder: 2` it is chrF++. Each output is compared with its best-matching
 * reference, and the counts are summed.
 * @throws {OptionError} `ERR_LORA_OPTION` when outputs and references do not match in number, or an option is not usable.
 * @see github.com/mjpost/sacrebleu; Popović 2015, 2017.
 */
export declare function chrf(
  hypotheses: readonly string[],
  references: References,
  options?: ChrfOptions,
): Promise<number>
/**
 * {@link chrf} of one output.
 * @throws {OptionError} `ERR_LORA_OPTION` when an argument or option is not usable.
 */
export declare function sentenceChrf(
  hypothesis: string,
  references: string | readonly string[],
  options?: ChrfOptions,
): number
