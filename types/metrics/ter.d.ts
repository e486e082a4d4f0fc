// Generated from src/metrics/ter.ts by `npm run api`. Do not edit.

import type { CorpusOptions, References } from './corpus.js'
/** Options of {@link ter}, with sacrebleu's meanings. */
export interface TerOptions extends CorpusOptions {
  /** Splits punctuation off, as Tercom's normalisation does. @default false */
  normalized?: boolean
  /** Takes punctuation out. @default false */
  noPunct?: boolean
  /** Whether `The` and `the` differ. @default false */
  caseSensitive?: boolean
}
/** What {@link ter} gives. */
export interface TerResult {
  /** Edits per 100 reference words: 0 is best, and there is no largest. */
  score: number
  /** Edits and shifts to the best reference, over all segments. */
  edits: number
  /** Mean length of the references, summed over segments. */
  refLength: number
}
/**
 * TER over a corpus with sacrebleu's numbers: insertions, deletions, substitutions and shifts of word sequences that lead from an output to
 * its nearest reference, per 100 words of the references' mean length.
 * @throws {OptionError} `ERR_LORA_OPTION` when outputs and references do not go together, or an option is not usable.
 * @see github.com/mjpost/sacrebleu; Snover et al. 2006.
 */
export declare function ter(
  hypotheses: readonly string[],
  references: References,
  options?: TerOptions,
): Promise<TerResult>
