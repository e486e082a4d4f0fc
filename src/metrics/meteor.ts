// METEOR as nltk defines it: exact words, stems, WordNet's synonyms.
import { checkOptions } from '../runtime/check-options.js'
import { schemas } from '../runtime/tables.js'
import { checkCorpus, checkSegment, eachItem, mean } from './corpus.js'
import type { CorpusOptions, References } from './corpus.js'
import { porterStem } from './porter.js'
import { splitterOf } from './ptb.js'
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

interface Rules {
  wordnet: WordNet | null
  split: (text: string) => string[]
  stem: (word: string) => string
  alpha: number
  beta: number
  gamma: number
}

/** A word and its index. */
interface Word {
  at: number
  word: string
}

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
export async function meteor(
  hypotheses: readonly string[],
  references: References,
  options: CorpusMeteorOptions = {},
): Promise<CorpusScore> {
  const owner = 'metrics.meteor'
  checkOptions(owner, options, schemas.CorpusMeteorOptions)
  const segments = checkCorpus(owner, hypotheses, references)
  const wordnet = options.wordnet === undefined ? await WordNet.find() : options.wordnet
  const rules = rulesOf(options, wordnet)
  const each = await eachItem(segments, options, (segment) => bestScore(segment.hypothesis, segment.references, rules))
  return { score: mean(each), each }
}

/**
 * {@link meteor} of one output.
 * @throws {OptionError} `ERR_LORA_OPTION` when an argument or option is not usable.
 */
export function sentenceMeteor(
  hypothesis: string,
  references: string | readonly string[],
  options: MeteorOptions = {},
): number {
  const owner = 'metrics.sentenceMeteor'
  checkOptions(owner, options, schemas.MeteorOptions)
  const segment = checkSegment(owner, hypothesis, references)
  return bestScore(segment.hypothesis, segment.references, rulesOf(options, options.wordnet ?? null))
}

function rulesOf(options: MeteorOptions, wordnet: WordNet | null): Rules {
  const stems = new Map<string, string>()
  return {
    wordnet,
    split: splitterOf(options.tokenize ?? 'ptb'),
    stem(word) {
      const known = stems.get(word) ?? porterStem(word)
      stems.set(word, known)
      return known
    },
    alpha: options.alpha ?? 0.9,
    beta: options.beta ?? 3,
    gamma: options.gamma ?? 0.5,
  }
}

function bestScore(hypothesis: string, references: readonly string[], rules: Rules): number {
  const words = wordsOf(hypothesis, rules)
  return references.reduce((best, reference) => Math.max(best, pairScore(words, wordsOf(reference, rules), rules)), 0)
}

const wordsOf = (text: string, { split }: Rules): Word[] =>
  split(text).map((word, at) => ({ at, word: word.toLowerCase() }))

function pairScore(hypothesis: readonly Word[], reference: readonly Word[], rules: Rules): number {
  const matches = align([...hypothesis], [...reference], rules)
  if (matches.length === 0) return 0
  const [precision, recall] = [matches.length / hypothesis.length, matches.length / reference.length]
  const fmean = (precision * recall) / (rules.alpha * precision + (1 - rules.alpha) * recall)
  return (1 - rules.gamma * (countChunks(matches) / matches.length) ** rules.beta) * fmean
}

/** Pairs of indices that match, by index in the output. */
function align(hypothesis: Word[], reference: Word[], { stem, wordnet }: Rules): [number, number][] {
  const matches: [number, number][] = []
  take(hypothesis, reference, matches, (a) => (b) => a === b)
  for (const word of [hypothesis, reference])
    for (const [i, { at, word: own }] of word.entries()) word[i] = { at, word: stem(own) }
  take(hypothesis, reference, matches, (a) => (b) => a === b)
  if (wordnet !== null) {
    // nltk looks up the stems in WordNet, not the words.
    take(hypothesis, reference, matches, (a) => {
      const synonyms = wordnet.synonyms(a)
      return (b) => b === a || synonyms.has(b)
    })
  }
  return matches.sort((a, b) => a[0] - b[0])
}

/** Pairs matching words, from the last to the first, and removes them from both lists. */
function take(
  hypothesis: Word[],
  reference: Word[],
  matches: [number, number][],
  fits: (word: string) => (other: string) => boolean,
): void {
  for (let i = hypothesis.length - 1; i >= 0 && reference.length > 0; i--) {
    const isMatch = fits(hypothesis[i]!.word)
    const j = reference.findLastIndex(({ word }) => isMatch(word))
    if (j < 0) continue
    matches.push([hypothesis[i]!.at, reference[j]!.at])
    hypothesis.splice(i, 1)
    reference.splice(j, 1)
  }
}

/** Runs of words that are adjacent in both texts. */
function countChunks(matches: readonly [number, number][]): number {
  return matches.filter(([a, b], i) => i === 0 || a !== matches[i - 1]![0] + 1 || b !== matches[i - 1]![1] + 1).length
}
