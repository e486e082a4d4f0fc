// chrF and chrF++: F-scores of character and word n-grams.
import { checkOptions } from '../runtime/check-options.js'
import { schemas } from '../runtime/tables.js'
import { checkCorpus, checkSegment, eachItem, mean, sumLists } from './corpus.js'
import type { CorpusOptions, References, Segment } from './corpus.js'
import { splitWords, withoutSpace } from '../runtime/text.js'

/** Options of {@link chrf}, with sacrebleu's meanings. */
export interface ChrfOptions extends CorpusOptions {
  /** The longest sequence of characters. @integer @minimum 1 @default 6 */
  charOrder?: number
  /** The longest sequence of words: 0 is chrF, 2 is chrF++. @integer @minimum 0 @default 0 */
  wordOrder?: number
  /** How much more recall weighs than precision. @minimum 0 @default 2 */
  beta?: number
  /** Compares in lower case. @default false */
  lowercase?: boolean
  /** Counts white space as characters. @default false */
  whitespace?: boolean
}

type Rules = Required<Omit<ChrfOptions, 'signal'>>

/** Three numbers per order: n-grams of the output, of the reference, and common ones. */
type Stats = number[]

const PUNCTUATION = new Set('!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~')
// Above every code point.
const RADIX = 2 ** 21

/**
 * chrF over a corpus with sacrebleu's numbers, 0 to 100; with `wordOrder: 2` it is chrF++. Each output is compared with its best-matching
 * reference, and the counts are summed.
 * @throws {OptionError} `ERR_LORA_OPTION` when outputs and references do not match in number, or an option is not usable.
 * @see github.com/mjpost/sacrebleu; Popović 2015, 2017.
 */
export async function chrf(
  hypotheses: readonly string[],
  references: References,
  options: ChrfOptions = {},
): Promise<number> {
  const rules = rulesOf('metrics.chrf', options)
  const stats = await eachItem(checkCorpus('metrics.chrf', hypotheses, references), options, (segment) =>
    bestStats(segment, rules),
  )
  return scoreOf(sumLists(stats), rules.beta)
}

/**
 * {@link chrf} of one output.
 * @throws {OptionError} `ERR_LORA_OPTION` when an argument or option is not usable.
 */
export function sentenceChrf(
  hypothesis: string,
  references: string | readonly string[],
  options: ChrfOptions = {},
): number {
  const rules = rulesOf('metrics.sentenceChrf', options)
  return scoreOf(bestStats(checkSegment('metrics.sentenceChrf', hypothesis, references), rules), rules.beta)
}

function rulesOf(owner: string, options: ChrfOptions): Rules {
  checkOptions(owner, options, schemas.ChrfOptions)
  return {
    charOrder: options.charOrder ?? 6,
    wordOrder: options.wordOrder ?? 0,
    beta: options.beta ?? 2,
    lowercase: options.lowercase ?? false,
    whitespace: options.whitespace ?? false,
  }
}

function bestStats({ hypothesis, references }: Segment, rules: Rules): Stats {
  const { charOrder, wordOrder } = rules
  const vocabulary = new Map<string, number>()
  const texts = (text: string) => (rules.lowercase ? text.toLowerCase() : text)
  const characters = (text: string) =>
    Array.from(rules.whitespace ? text : withoutSpace(text), (letter) => letter.codePointAt(0)!)
  const words = (text: string) =>
    wordsOf(text).map((word) => vocabulary.get(word) ?? (vocabulary.set(word, vocabulary.size), vocabulary.size - 1))

  const own = texts(hypothesis)
  const tries = [new Trie(characters(own), charOrder), new Trie(wordOrder === 0 ? [] : words(own), wordOrder)]
  let [best, bestScore]: [Stats, number] = [[], -1]
  for (const reference of references) {
    const other = texts(reference)
    const stats = [...tries[0]!.match(characters(other)), ...tries[1]!.match(wordOrder === 0 ? [] : words(other))]
    const score = scoreOf(stats, rules.beta)
    if (score > bestScore) [best, bestScore] = [stats, score]
  }
  return best
}

/** Words with punctuation at one end split off: at the end first, and only one character. */
function wordsOf(text: string): string[] {
  return splitWords(text).flatMap((word) => {
    if (word.length === 1) return [word]
    if (PUNCTUATION.has(word.at(-1)!)) return [word.slice(0, -1), word.at(-1)!]
    return PUNCTUATION.has(word[0]!) ? [word[0]!, word.slice(1)] : [word]
  })
}

/** All n-grams of one sequence of numbers below 2^21, as a trie. */
class Trie {
  readonly #children = new Map<number, number>()
  readonly #counts: number[] = [0]
  readonly #order: number
  readonly #length: number

  constructor(items: readonly number[], order: number) {
    this.#order = order
    this.#length = items.length
    for (let i = 0; i < items.length; i++) {
      let node = 0
      for (let n = 0; n < order && i + n < items.length; n++) {
        const key = node * RADIX + items[i + n]!
        let child = this.#children.get(key)
        if (child === undefined) {
          child = this.#counts.push(0) - 1
          this.#children.set(key, child)
        }
        this.#counts[child]!++
        node = child
      }
    }
  }

  /** The numbers of n-grams here, in `items`, and in both, by order. An order without n-grams in `items` counts none here either. */
  match(items: readonly number[]): Stats {
    const seen = new Uint32Array(this.#counts.length)
    const common = new Array<number>(this.#order).fill(0)
    for (let i = 0; i < items.length; i++) {
      let node = 0
      for (let n = 0; n < this.#order && i + n < items.length; n++) {
        const child = this.#children.get(node * RADIX + items[i + n]!)
        if (child === undefined) break
        if (++seen[child]! <= this.#counts[child]!) common[n]!++
        node = child
      }
    }
    return common.flatMap((count, n) => {
      const there = Math.max(0, items.length - n)
      return [there === 0 ? 0 : Math.max(0, this.#length - n), there, count]
    })
  }
}

/** F-score of mean precision and mean recall over the orders of which both texts have n-grams. */
function scoreOf(stats: Stats, beta: number): number {
  const [precisions, recalls]: [number[], number[]] = [[], []]
  for (let i = 0; i < stats.length; i += 3) {
    const [own, other, common] = stats.slice(i, i + 3) as [number, number, number]
    if (own === 0 || other === 0) continue
    precisions.push(common / own)
    recalls.push(common / other)
  }
  if (precisions.length === 0) return 0
  const [precision, recall] = [mean(precisions), mean(recalls)]
  const weight = beta ** 2
  return precision + recall === 0 ? 0 : (100 * (1 + weight) * precision * recall) / (weight * precision + recall)
}
