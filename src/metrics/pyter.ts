// Translation edit rate as the Python package pyter computes it, which GenerationEval averages over segments.
import { checkOptions } from '../runtime/check-options.js'
import { schemas } from '../runtime/tables.js'
import { checkCorpus, eachItem, mean } from './corpus.js'
import type { CorpusOptions, References } from './corpus.js'
import type { CorpusScore } from './rouge.js'
import { splitWords } from '../runtime/text.js'

/**
 * TER as WebNLG's and DART's GenerationEval reports it: words are separated by white space, pyter's search for shifts, edits per reference
 * word; the minimum over the references, then the mean over segments. A fraction; 0 is best. Against an empty reference an output counts 1
 * unless it is empty, too (upstream divides by zero).
 * @throws {OptionError} `ERR_LORA_OPTION` when outputs and references do not match in number.
 * @see github.com/roy-ht/pyter (pyter3); {@link ter} for sacrebleu's.
 */
export async function pyter(
  hypotheses: readonly string[],
  references: References,
  options: CorpusOptions = {},
): Promise<CorpusScore> {
  const owner = 'metrics.pyter'
  checkOptions(owner, options, schemas.CorpusOptions)
  const segments = checkCorpus(owner, hypotheses, references)
  const pairs = segments.flatMap((segment, at) => segment.references.map((reference) => ({ at, reference })))
  const words = segments.map(({ hypothesis }) => splitWords(hypothesis))
  const each = segments.map(() => Infinity)
  await eachItem(pairs, options, ({ at, reference }) => {
    each[at] = Math.min(each[at]!, editRate(words[at]!, splitWords(reference)))
  })
  return { score: mean(each), each }
}

function editRate(hypothesis: readonly string[], reference: readonly string[]): number {
  if (reference.length === 0) return hypothesis.length === 0 ? 0 : 1
  // Among shifts that save equally much, the list of words that sorts last wins, so ids are ordered by code points.
  const sorted = [...new Set([...hypothesis, ...reference])].sort((a, b) =>
    Buffer.compare(Buffer.from(a), Buffer.from(b)),
  )
  const ids = new Map(sorted.map((word, i) => [word, i]))
  const target = reference.map((word) => ids.get(word)!)
  let words = hypothesis.map((word) => ids.get(word)!)
  const table = new DistanceTable(target, words.length)
  let shifts = 0
  for (;;) {
    const { gain, shifted } = bestShift(words, target, table)
    if (gain <= 0) return (shifts + table.distance(words)) / target.length
    shifts++
    words = shifted
  }
}

function bestShift(words: number[], target: number[], table: DistanceTable): { gain: number; shifted: number[] } {
  const before = table.keep(words)
  let best: { gain: number; shifted: number[] } | undefined
  for (let i = 0; i < words.length; i++) {
    for (let j = 0; j < target.length; j++) {
      if (i === j || words[i] !== target[j]) continue
      let length = 1
      while (i + length < words.length && j + length < target.length && words[i + length] === target[j + length])
        length++
      const shifted = [...words.slice(0, i), ...words.slice(i + length)]
      shifted.splice(j, 0, ...words.slice(i, i + length))
      const gain = before - table.distance(shifted, Math.min(i, j))
      if (best === undefined || gain > best.gain || (gain === best.gain && isLater(shifted, best.shifted))) {
        best = { gain, shifted }
      }
    }
  }
  return best ?? { gain: 0, shifted: words }
}

function isLater(a: readonly number[], b: readonly number[]): boolean {
  const at = a.findIndex((id, i) => id !== b[i])
  return at >= 0 && a[at]! > b[at]!
}

/** Levenshtein distances to one target, of lists of one length. */
class DistanceTable {
  readonly #target: readonly number[]
  readonly #width: number
  readonly #kept: Int32Array
  readonly #scratch: Int32Array

  constructor(target: readonly number[], length: number) {
    this.#target = target
    this.#width = target.length + 1
    this.#kept = new Int32Array((length + 1) * this.#width)
    this.#scratch = new Int32Array((length + 1) * this.#width)
    for (let j = 0; j < this.#width; j++) this.#kept[j] = j
  }

  /** The distance of a list whose table is kept, so that others can reuse its first rows. */
  keep(words: readonly number[]): number {
    return this.#fill(words, this.#kept, 0)
  }

  /** The distance of a list that begins with the first `shared` words of the kept one. */
  distance(words: readonly number[], shared = 0): number {
    const from = Math.min(shared, words.length) * this.#width
    this.#scratch.set(this.#kept.subarray(from, from + this.#width), from)
    return this.#fill(words, this.#scratch, from / this.#width)
  }

  #fill(words: readonly number[], costs: Int32Array, from: number): number {
    const width = this.#width
    for (let i = from + 1; i <= words.length; i++) {
      const [row, above] = [i * width, (i - 1) * width]
      costs[row] = costs[above]! + 1
      for (let j = 1; j < width; j++) {
        const across = costs[above + j - 1]! + (words[i - 1] === this.#target[j - 1] ? 0 : 1)
        costs[row + j] = Math.min(costs[above + j]! + 1, costs[row + j - 1]! + 1, across)
      }
    }
    return costs[words.length * width + width - 1]!
  }
}
