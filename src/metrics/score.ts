// Several metrics over one corpus, by name.
import { checkOptions } from '../runtime/check-options.js'
import { bad } from '../runtime/options.js'
import { schemas } from '../runtime/tables.js'
import { bleu, multiBleu } from './bleu.js'
import { chrf } from './chrf.js'
import { cider } from './cider.js'
import type { CorpusOptions, References } from './corpus.js'
import { meteorJava } from './meteor-java.js'
import { meteor } from './meteor.js'
import type { MeteorOptions } from './meteor.js'
import { nist } from './nist.js'
import { nltkBleu } from './nltk-bleu.js'
import { pyter } from './pyter.js'
import { rougeL } from './rouge.js'
import { sacrebleu } from './sacrebleu.js'
import { ter } from './ter.js'

/** Options of {@link scoreCorpus}. */
export interface ScoreOptions extends CorpusOptions, Pick<MeteorOptions, 'wordnet'> {
  /** Which scores. @default ['bleu', 'nist', 'rouge-l', 'cider'] */
  metrics?: readonly MetricName[]
  /** For `meteor-java`, which needs it: path of meteor-1.5.jar. @minLength 1 @default none */
  meteorJar?: string
  /** Called with each score as soon as it is known. @default none */
  onScore?: (score: { metric: MetricName; score: number; timeMs: number }) => void
}

type Score = (hypotheses: readonly string[], references: References, options: ScoreOptions) => Promise<number>

const SCORES = {
  bleu: async (outputs, references, { signal }) => (await bleu(outputs, references, { signal })).score,
  nist: async (outputs, references, { signal }) => (await nist(outputs, references, { signal })).score,
  'rouge-l': async (outputs, references, { signal }) => (await rougeL(outputs, references, { signal })).score,
  cider: async (outputs, references, { signal }) => (await cider(outputs, references, { signal })).score,
  meteor: async (outputs, references, { signal, wordnet }) =>
    (await meteor(outputs, references, { signal, wordnet })).score,
  'meteor-java': async (outputs, references, { signal, meteorJar }) => {
    if (meteorJar === undefined) throw bad('metrics.scoreCorpus', 'meteorJar', 'the path of meteor-1.5.jar', meteorJar)
    return (await meteorJava(outputs, references, { jar: meteorJar, signal })).score
  },
  ter: async (outputs, references, { signal }) => (await ter(outputs, references, { signal })).score,
  pyter: async (outputs, references, { signal }) => (await pyter(outputs, references, { signal })).score,
  chrf: async (outputs, references, { signal }) => chrf(outputs, references, { signal }),
  'chrf++': async (outputs, references, { signal }) => chrf(outputs, references, { wordOrder: 2, signal }),
  'multi-bleu': async (outputs, references, { signal }) => (await multiBleu(outputs, references, { signal })).score,
  sacrebleu: async (outputs, references, { signal }) => (await sacrebleu(outputs, references, { signal })).score,
  'nltk-bleu': async (outputs, references, { signal }) => nltkBleu(outputs, references, { signal }),
} satisfies Record<string, Score>

/** The name of a score of {@link scoreCorpus}. */
export type MetricName = keyof typeof SCORES

/** The names of all scores. */
export const METRIC_NAMES = Object.keys(SCORES) as readonly MetricName[]

/**
 * Scores outputs against references with several metrics, each with its own function: `bleu`, `nist`, `rouge-l`, `cider`, `meteor`,
 * `meteor-java`, `pyter` and `nltk-bleu` are fractions (NIST and CIDEr may exceed 1), `ter`, `chrf`, `chrf++`, `multi-bleu` and `sacrebleu` go
 * to 100. For TER less is better.
 * @example await metrics.scoreCorpus(outputs, references, { metrics: ['bleu', 'chrf'] })   // { bleu: 0.68, chrf: 71.2 }
 * @throws {OptionError} `ERR_LORA_OPTION` for an unknown metric, and the errors of the functions.
 */
export async function scoreCorpus(
  hypotheses: readonly string[],
  references: References,
  options: ScoreOptions = {},
): Promise<Partial<Record<MetricName, number>>> {
  const owner = 'metrics.scoreCorpus'
  checkOptions(owner, options, schemas.ScoreOptions)
  const { metrics: names = ['bleu', 'nist', 'rouge-l', 'cider'] } = options
  const scores: Partial<Record<MetricName, number>> = {}
  for (const metric of names) {
    const started = performance.now()
    const score = await (SCORES[metric] as Score)(hypotheses, references, options)
    scores[metric] = score
    options.onScore?.({ metric, score, timeMs: performance.now() - started })
  }
  return scores
}
