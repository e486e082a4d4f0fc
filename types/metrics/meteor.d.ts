// Generated from src/metrics/meteor.ts by `npm run api`. Do not edit.

import type { CorpusOptions, References } from './corpus.js'
import type { PtbChoice } from './ptb.js'
import type { CorpusScore } from './rouge.js'
import { WordNet } from './wordnet.js'
/** Options of {@link sentenceMeteor}. */
export interface MeteorOptions {
  /**
   * The source of synonyms; null matches only words and stems.
   * @default for {@link meteor} `WordNet.find()`, for {@link sentenceMeteor} null
   */
  wordnet?: WordNet | null
  /** How texts become tokens: PTB tokens without punctuation in lower case, or split at white space in lower case. @default 'ptb' */
  tokenize?: PtbChoice
  /** Weight of recall against precision. @minimum 0 @default 0.9 */
  alpha?: number
  /** Exponent of the penalty for several chunks. @minimum 0 @default 3 */
  beta?: number
  /** The largest penalty. @minimum 0 @default 0.5 */
  gamma?: number
}
/** Options of {@link meteor}. */
export interface CorpusMeteorOptions extends MeteorOptions, CorpusOptions {}
/**
 * METEOR as nltk's `meteor_score` defines it, 0 to 1: the mean over segments of the best score over the references.
 *
 * Words match exactly, then by Porter stem, then (the remaining stems) by a shared WordNet synset:
 * `(1 - γ (chunks / matches)^β) · P R / (α P + (1 - α) R)`.
 *
 * **This is not the Java tool** (METEOR 1.5) that e2e-metrics and papers report: that one also has a table of paraphrases and tuned weights,
 * and its scores differ. {@link meteorJava} runs it where it is installed.
 * @throws {FileError} `ERR_LORA_FILE` when `wordnet` is not given and WordNet is not installed.
 * @throws {OptionError} `ERR_LORA_OPTION` when outputs and references do not match in number, or an option is not usable.
 * @see nltk.translate.meteor_score; Banerjee and Lavie 2005, Lavie and Agarwal 2007.
 */
export declare function meteor(
  hypotheses: readonly string[],
  references: References,
  options?: CorpusMeteorOptions,
): Promise<CorpusScore>
/**
 * {@link meteor} of one output.
 * @throws {OptionError} `ERR_LORA_OPTION` when an argument or option is not usable.
 */
export declare function sentenceMeteor(
  hypothesis: string,
  references: string | readonly string[],
  options?: MeteorOptions,
): number
