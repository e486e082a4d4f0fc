// Generated from src/metrics/pyter.ts by `npm run api`. Do not edit.

import type { CorpusOptions, References } from './corpus.js'
import type { CorpusScore } from './rouge.js'
/**
 * TER as WebNLG's and DART's GenerationEval reports it: words are separated by white space, pyter's search for shifts, edits per reference
 * word; the minimum over the references, then the mean over segments. A fraction; 0 is best. Against an empty reference an output counts 1
 * unless it is empty, too (upstream divides by zero).
 * @throws {OptionError} `ERR_LORA_OPTION` when outputs and references do not match in number.
 * @see github.com/roy-ht/pyter (pyter3); {@link ter} for sacrebleu's.
 */
export declare function pyter(
  hypotheses: readonly string[],
  references: References,
  options?: CorpusOptions,
): Promise<CorpusScore>
