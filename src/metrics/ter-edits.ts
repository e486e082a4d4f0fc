// The search behind TER: shifts of word sequences, chosen greedily by Tercom's rules, over an edit distance near the diagonal.

// Tercom's limits, and sacrebleu's on the number of shifts tried.
const MAX_SHIFT_SIZE = 10
const MAX_SHIFT_DISTANCE = 50
const BEAM_WIDTH = 25
const MAX_CANDIDATES = 1000

const NOTHING = 0
const SUBSTITUTE = 1
const DELETE = 2
const INSERT = 3
const INFINITE = 2 ** 29

/** A shift that was tried. Larger is better, from the first number on. */
interface Candidate {
  rank: [gain: number, length: number, earlierStart: number, earlierTarget: number]
  words: Int32Array
}

/** Insertions, deletions, substitutions and shifts from an output to a reference. */
export function countEdits(hypothesis: readonly string[], reference: readonly string[]): number {
  if (reference.length === 0) return hypothesis.length
  const ids = new Map<string, number>()
  const idsOf = (words: readonly string[]) =>
    Int32Array.from(words, (word) => ids.get(word) ?? (ids.set(word, ids.size), ids.size - 1))
  const table = new EditTable(idsOf(reference), hypothesis.length)
  let words: Int32Array = idsOf(hypothesis)
  let shifts = 0
  const tried = { count: 0 }
  for (;;) {
    const best = bestShift(words, table, tried)
    if (tried.count >= MAX_CANDIDATES || best === undefined || best.rank[0] <= 0) return shifts + table.distance(words)
    shifts++
    words = best.words
  }
}

/** The shift that saves most edits; ties go to the longest sequence, the earliest start, the earliest target. */
function bestShift(words: Int32Array, table: EditTable, tried: { count: number }): Candidate | undefined {
  const before = table.align(words)
  const { target, wrongWords, wrongTargets } = table.alignment(words.length)
  let best: Candidate | undefined
  for (const [start, at, length] of matchingRuns(words, table.reference)) {
    // Both positions must be wrong so far, and the sequence must not move within itself.
    if (wrongWords[start + length] === wrongWords[start] || wrongTargets[at + length] === wrongTargets[at]) continue
    if (start <= target[at]! && target[at]! < start + length) continue
    let last = -1
    for (let offset = -1; offset < length && at + offset < table.reference.length; offset++) {
      const to = at + offset === -1 ? 0 : target[at + offset]! + 1
      if (to === last) continue
      last = to
      const shifted = shift(words, start, length, to)
      const gain = before - table.distance(shifted, Math.min(start, to))
      const candidate: Candidate = { rank: [gain, length, -start, -to], words: shifted }
      tried.count++
      if (best === undefined || isBetter(candidate.rank, best.rank)) best = candidate
    }
    if (tried.count >= MAX_CANDIDATES) break
  }
  return best
}

function isBetter(a: Candidate['rank'], b: Candidate['rank']): boolean {
  const at = a.findIndex((value, i) => value !== b[i])
  return at >= 0 && a[at]! > b[at]!
}

/** Common word sequences: start in the output, start in the reference, and every length from 1 up. */
function* matchingRuns(words: Int32Array, reference: Int32Array): Generator<[number, number, number]> {
  for (let start = 0; start < words.length; start++) {
    for (let at = 0; at < reference.length; at++) {
      if (Math.abs(at - start) > MAX_SHIFT_DISTANCE) continue
      for (let length = 0; length < MAX_SHIFT_SIZE; length++) {
        const [i, j] = [start + length, at + length]
        if (i >= words.length || j >= reference.length || words[i] !== reference[j]) break
        yield [start, at, length + 1]
      }
    }
  }
}

/** The words with `length` of them from `start` moved before the index `to`. */
function shift(words: Int32Array, start: number, length: number, to: number): Int32Array {
  const moved = words.subarray(start, start + length)
  const rest = new Int32Array(words.length - length)
  rest.set(words.subarray(0, start))
  rest.set(words.subarray(start + length), start)
  // Within the sequence itself the target counts from its start, in the rest of the text.
  const index = to < start ? to : to > start + length ? to - length : Math.min(to, rest.length)
  const shifted = new Int32Array(words.length)
  shifted.set(rest.subarray(0, index))
  shifted.set(moved, index)
  shifted.set(rest.subarray(index), index + length)
  return shifted
}

/** Edit distances to one reference, of texts of one length. */
class EditTable {
  readonly reference: Int32Array
  readonly #width: number
  // The aligned text's table, of which others reuse the first rows, and that of a shifted text.
  readonly #costs: Int32Array
  readonly #ops: Uint8Array
  readonly #scratch: Int32Array

  constructor(reference: Int32Array, length: number) {
    this.reference = reference
    this.#width = reference.length + 1
    const size = (length + 1) * this.#width
    this.#costs = new Int32Array(size)
    this.#ops = new Uint8Array(size)
    this.#scratch = new Int32Array(size)
    for (let j = 0; j < this.#width; j++) {
      this.#costs[j] = j
      this.#ops[j] = INSERT
      this.#scratch[j] = j
    }
  }

  /** The distance of a text whose table is kept. */
  align(words: Int32Array): number {
    return this.#fill(words, this.#costs, 0, this.#ops)
  }

  /** The distance of a text that begins with the first `shared` words of the aligned one. */
  distance(words: Int32Array, shared = 0): number {
    const width = this.#width
    this.#scratch.set(this.#costs.subarray(shared * width, (shared + 1) * width), shared * width)
    return this.#fill(words, this.#scratch, shared)
  }

  #fill(words: Int32Array, costs: Int32Array, from: number, ops?: Uint8Array): number {
    const width = this.#width
    const ratio = words.length === 0 ? 1 : this.reference.length / words.length
    const beam = BEAM_WIDTH < ratio / 2 ? Math.ceil(ratio / 2 + BEAM_WIDTH) : BEAM_WIDTH
    for (let i = from + 1; i <= words.length; i++) {
      const diagonal = Math.floor(i * ratio)
      const first = Math.max(0, diagonal - beam)
      const end = i === words.length ? width : Math.min(width, diagonal + beam)
      const [row, above] = [i * width, (i - 1) * width]
      if (first > 0 || end < width) costs.fill(INFINITE, row, row + width)
      for (let j = first; j < end; j++) {
        let cost = costs[above + j]! + 1
        let op = DELETE
        if (j > 0) {
          // No edit or a substitution is preferred, then a deletion, then an insertion.
          const isSame = words[i - 1] === this.reference[j - 1]
          const across = costs[above + j - 1]! + (isSame ? 0 : 1)
          if (across <= cost) {
            cost = across
            op = isSame ? NOTHING : SUBSTITUTE
          }
          const after = costs[row + j - 1]! + 1
          if (after < cost) {
            cost = after
            op = INSERT
          }
        }
        costs[row + j] = cost
        if (ops !== undefined) ops[row + j] = op
      }
    }
    return costs[words.length * width + width - 1]!
  }

  /** Of the aligned text: for each reference word its index in the text, and the number of wrong words before each index. */
  alignment(length: number): { target: Int32Array; wrongWords: Int32Array; wrongTargets: Int32Array } {
    const count = this.reference.length
    const target = new Int32Array(count)
    const wrongWords = new Int32Array(length + 1)
    const wrongTargets = new Int32Array(count + 1)
    for (let i = length, j = count; i > 0 || j > 0;) {
      const op = this.#ops[i * this.#width + j]!
      const isWrong = op === NOTHING ? 0 : 1
      if (op !== INSERT) wrongWords[i--] = isWrong
      if (op !== DELETE) {
        wrongTargets[j--] = isWrong
        // A reference word without a counterpart gets the index of the word before.
        target[j] = i + (op === INSERT ? 0 : 1) - 1
      }
    }
    for (let i = 1; i <= length; i++) wrongWords[i]! += wrongWords[i - 1]!
    for (let j = 1; j <= count; j++) wrongTargets[j]! += wrongTargets[j - 1]!
    return { target, wrongWords, wrongTargets }
  }
}
