// Translation edit rate as sacrebleu and Tercom compute it.
import { checkOptions } from '../runtime/check-options.js'
import { schemas } from '../runtime/tables.js'
import { checkCorpus, eachItem } from './corpus.js'
import type { CorpusOptions, References } from './corpus.js'
import { countEdits } from './ter-edits.js'
import { splitWords, squeeze, stripEnd } from '../runtime/text.js'

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

// As mteval splits western text, with the possessive 's in between.
const NORMALIZE: [RegExp, string][] = [
  [/\n-/g, ''],
  [/\n/g, ' '],
  [/&quot;/g, '"'],
  [/&amp;/g, '&'],
  [/&lt;/g, '<'],
  [/&gt;/g, '>'],
]
const WESTERN: [RegExp, string][] = [
  [/([{-~[-` -&(-+:-@/])/g, ' $1 '],
  [/'s /g, " 's "],
  [/'s$/g, " 's"],
  [/([^0-9])([.,])/g, '$1 $2 '],
  [/([.,])([^0-9])/g, ' $1 $2'],
  [/([0-9])(-)/g, '$1 $2 '],
]
const PUNCTUATION = /[.,?:;!"()]/g

/**
 * TER over a corpus with sacrebleu's numbers: insertions, deletions, substitutions and shifts of word sequences that lead from an output to
 * its nearest reference, per 100 words of the references' mean length.
 * @throws {OptionError} `ERR_LORA_OPTION` when outputs and references do not match in number, or an option is not usable.
 * @see github.com/mjpost/sacrebleu; Snover et al. 2006.
 */
export async function ter(
  hypotheses: readonly string[],
  references: References,
  options: TerOptions = {},
): Promise<TerResult> {
  const owner = 'metrics.ter'
  checkOptions(owner, options, schemas.TerOptions)
  const normalized = options.normalized ?? false
  const noPunct = options.noPunct ?? false
  const caseSensitive = options.caseSensitive ?? false
  const split = (text: string) => {
    let line = stripEnd(text)
    if (!caseSensitive) line = line.toLowerCase()
    if (normalized) line = normalize(line)
    return splitWords(noPunct ? line.replace(PUNCTUATION, '') : line)
  }
  const segments = checkCorpus(owner, hypotheses, references)
  const pairs = segments.flatMap((segment, at) => segment.references.map((reference) => ({ at, reference })))
  const edits = segments.map(() => Infinity)
  const lengths = segments.map(() => 0)
  const words = segments.map(({ hypothesis }) => split(hypothesis))
  // A pause may come between two references of a segment: one comparison can take milliseconds.
  await eachItem(pairs, options, ({ at, reference }) => {
    const target = split(reference)
    edits[at] = Math.min(edits[at]!, countEdits(words[at]!, target))
    lengths[at]! += target.length / segments[at]!.references.length
  })
  const [total, refLength] = [sum(edits), sum(lengths)]
  return { score: 100 * (refLength > 0 ? total / refLength : total > 0 ? 1 : 0), edits: total, refLength }
}

const normalize = (text: string): string => {
  const apply = (line: string, rules: readonly [RegExp, string][]) =>
    rules.reduce((one, [pattern, by]) => one.replace(pattern, by), line)
  return text === '' ? '' : squeeze(apply(` ${apply(text, NORMALIZE)} `, WESTERN))
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)
