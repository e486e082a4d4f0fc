// Generated from src/metrics/meteor-java.ts by `npm run api`. Do not edit.

import type { CorpusOptions, References } from './corpus.js'
import type { PtbChoice } from './ptb.js'
import type { CorpusScore } from './rouge.js'
/** Options of {@link meteorJava}. */
export interface MeteorJavaOptions extends CorpusOptions {
  /** Path of meteor-1.5.jar; the folder `data` beside it has the table of paraphrases. @minLength 1 */
  jar: string
  /** The Java executable. @minLength 1 @default 'java' */
  java?: string
  /** Language of the texts, as the tool names it. @minLength 1 @default 'en' */
  language?: string
  /** How texts are tokenized before they are passed to the tool: e2e-metrics passes PTB tokens without punctuation. @default 'ptb' */
  tokenize?: PtbChoice
}
/**
 * Runs the METEOR 1.5 tool over a corpus as e2e-metrics does (`- - -stdio -l en -norm`), 0 to 1. The score of the corpus is computed by the tool
 * from summed statistics; it is not the mean of `each`.
 * @example await metrics.meteorJava(outputs, references, { jar: 'meteor-1.5/meteor-1.5.jar' })
 * @throws {FileError} `ERR_LORA_FILE` when the jar or Java is missing, or the tool ends early.
 * @throws {FormatError} `ERR_LORA_FORMAT` when its answer is not a number.
 * @throws {OptionError} `ERR_LORA_OPTION` when outputs and references do not match in number, or an option is not usable.
 * @see cs.cmu.edu/~alavie/METEOR; Denkowski and Lavie 2014.
 */
export declare function meteorJava(
  hypotheses: readonly string[],
  references: References,
  options: MeteorJavaOptions,
): Promise<CorpusScore>
