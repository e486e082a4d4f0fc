// Generated from src/metrics/score.ts by `npm run api`. Do not edit.

import type { CorpusOptions, References } from './corpus.js'
import type { MeteorOptions } from './meteor.js'
/** Options of {@link scoreCorpus}. */
export interface ScoreOptions extends CorpusOptions, Pick<MeteorOptions, 'wordnet'> {
  /** Which scores. @default ['bleu', 'nist', 'rouge-l', 'cider'] */
  metrics?: readonly MetricName[]
  /** For `meteor-java`, which needs it: path of meteor-1.5.jar. @minLength 1 @default none */
  meteorJar?: string
  /** Called with each score as soon as it is known. @default none */
  onScore?: (score: { metric: MetricName; score: number; timeMs: number }) => void
}
declare const SCORES: {
  bleu: (outputs: readonly string[], references: References, { signal }: ScoreOptions) => Promise<number>
  nist: (outputs: readonly string[], references: References, { signal }: ScoreOptions) => Promise<number>
  'rouge-l': (outputs: readonly string[], references: References, { signal }: ScoreOptions) => Promise<number>
  cider: (outputs: readonly string[], references: References, { signal }: ScoreOptions) => Promise<number>
  meteor: (outputs: readonly string[], references: References, { signal, wordnet }: ScoreOptions) => Promise<number>
  'meteor-java': (
    outputs: readonly string[],
    references: References,
    { signal, meteorJar }: ScoreOptions,
  ) => Promise<number>
  ter: (outputs: readonly string[], references: References, { signal }: ScoreOptions) => Promise<number>
  pyter: (outputs: readonly string[], references: References, { signal }: ScoreOptions) => Promise<number>
  chrf: (outputs: readonly string[], references: References, { signal }: ScoreOptions) => Promise<number>
  'chrf++': (outputs: readonly string[], references: References, { signal }: ScoreOptions) => Promise<number>
  'multi-bleu': (outputs: readonly string[], references: References, { signal }: ScoreOptions) => Promise<number>
  sacrebleu: (outputs: readonly string[], references: References, { signal }: ScoreOptions) => Promise<number>
  'nltk-bleu': (outputs: readonly string[], references: References, { signal }: ScoreOptions) => Promise<number>
}
/** The name of a score of {@link scoreCorpus}. */
export type MetricName = keyof typeof SCORES
/** The names of all scores. */
export declare const METRIC_NAMES: readonly MetricName[]
/**
 * Scores outputs against references with several metrics, each with its own function: `bleu`, `nist`, `rouge-l`, `cider`, `meteor`,
 * `meteor-java`, `pyter` and `nltk-bleu` are fractions (NIST and CIDEr may exceed 1), `ter`, `chrf`, `chrf++`, `multi-bleu` and `sacrebleu` go
 * to 100. For TER less is better.
 * @example await metrics.scoreCorpus(outputs, references, { metrics: ['bleu', 'chrf'] })   // { bleu: 0.68, chrf: 71.2 }
 * @throws {OptionError} `ERR_LORA_OPTION` for an unknown metric, and the errors of the functions.
 */
export declare function scoreCorpus(
  hypotheses: readonly string[],
  references: References,
  options?: ScoreOptions,
): Promise<Partial<Record<MetricName, number>>>
export {}
