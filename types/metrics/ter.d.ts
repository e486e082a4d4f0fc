// Generated from src/metrics/ter.ts by `npm run api`. Do not edit.

import type { CorpusOptions, References } from './corpus.js'
/** Options of {@link ter}, with sacrebleu's meanings. */
export interface TerOptions extends CorpusOptions {
  /** Splits punctuation off, as Tercom's normalisation does. @default false */
  normalized?: boolean
  /** Removes punctuation. @default false */
  noPunct?: boolean
  /** Whether `The` and `the` differ. @default false */
  caseSensitive?: boolean
}
/** The result of {@link ter}. */
export interface TerResult {
  /** Edits per 100 reference words: 0 is best, and there is no upper bound. */
  score: number
  /** Edits and shifts to the best reference, over all segments. */
  edits: number
  /** Mean length of the references, summed over segments. */
  refLength: number
}
/**
 * TER over a corpus with sacrebleu's numbers: insertions, deletions, substitutions and shifts of word sequences that lead from an output to
 * its nearest reference, per 100 words of the references' mean length.
 * @throws {OptionError} `ERR_LORA_OPTION` when outputs and references do not match in number, or an option is not usable.
 * @see github.com/mjpost/sacrebleu; Snover et al. 2006.
 */
export declare function ter(
  hypotheses: readonly string[],
  references: References,
  options?: TerOptions,
): Promise<TerResult>
