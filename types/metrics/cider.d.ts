// Generated from src/metrics/cider.ts by `npm run api`. Do not edit.

import type { CorpusOptions, References } from './corpus.js'
import type { PtbChoice } from './ptb.js'
import type { CorpusScore } from './rouge.js'
/** Options of {@link cider}. */
export interface CiderOptions extends CorpusOptions {
  /** The longest n-gram. @integer @minimum 1 @default 4 */
  maxNgram?: number
  /** Width of the penalty for a different length. @exclusiveMinimum 0 @default 6 */
  sigma?: number
  /** How texts become tokens: PTB tokens without punctuation in lower case, or split at white space unchanged. @default 'ptb' */
  tokenize?: PtbChoice
}
/**
 * CIDEr as e2e-metrics and coco-caption compute it (there CIDEr-D: counts clipped to the reference, a penalty for a different length), 0 to 10.
 *
 * Document frequencies count segments, over the references of each together; the cosine is averaged over orders and references.
 * @throws {OptionError} `ERR_LORA_OPTION` when outputs and references do not match in number, or an option is not usable.
 * @see github.com/tylin/coco-caption; Vedantam et al. 2015.
 */
export declare function cider(
  hypotheses: readonly string[],
  references: References,
  options?: CiderOptions,
): Promise<CorpusScore>
