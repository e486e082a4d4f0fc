// Numbers over the scores of one row.

/** `eˣ / Σ eˣ` in f64. */
export function softmax(scores: Float32Array): Float64Array {
  const n = scores.length
  const weights = new Float64Array(n)
  let largest = -Infinity
  for (let i = 0; i < n; i++) largest = Math.max(largest, scores[i]!)
  let sum = 0
  for (let i = 0; i < n; i++) sum += weights[i] = Math.exp(scores[i]! - largest)
  for (let i = 0; i < n; i++) weights[i] = weights[i]! / sum
  return weights
}

/** `x − ln Σ eˣ` in place. */
export function logSoftmax(scores: Float32Array): void {
  let [largest, sum] = [-Infinity, 0]
  for (let i = 0; i < scores.length; i++) if (scores[i]! > largest) largest = scores[i]!
  for (let i = 0; i < scores.length; i++) sum += Math.exp(scores[i]! - largest)
  const shift = largest + Math.log(sum)
  for (let i = 0; i < scores.length; i++) scores[i] = scores[i]! - shift
}

/** The best token; of several, the first. */
export function argmax(scores: Float32Array): number {
  let best = 0
  for (let i = 1; i < scores.length; i++) if (scores[i]! > scores[best]!) best = i
  return best
}

/** Tokens of a row with their scores, best first; of equal ones the smaller id first. */
export interface Ranking {
  readonly ids: number[]
  readonly scores: number[]
}

/** The k best tokens. */
export function bestOf(scores: Float32Array, k: number): Ranking {
  const count = Math.min(k, scores.length)
  const least = kthLargest(scores, count)
  const [above, level]: [number[], number[]] = [[], []]
  for (let i = 0; i < scores.length; i++) {
    const score = scores[i]!
    if (score > least) above.push(i)
    else if (score === least && level.length < count) level.push(i)
  }
  return ranked([...above, ...level], (id) => scores[id]!, count)
}

/** The k best of some tokens. */
export function ranked(ids: number[], scoreOf: (id: number) => number, k: number): Ranking {
  ids.sort((a, b) => scoreOf(b) - scoreOf(a) || a - b)
  const best = ids.slice(0, k)
  return { ids: best, scores: best.map(scoreOf) }
}

/** The k-th largest score. A heap of the k best so far: most scores are compared once with the least of them, where sorting takes milliseconds. */
export function kthLargest(scores: Float32Array, k: number): number {
  if (k > scores.length / 8) return Float32Array.from(scores).sort()[scores.length - k]!
  const heap = scores.slice(0, k).sort()
  for (let i = k; i < scores.length; i++) if (scores[i]! > heap[0]!) replaceLeast(heap, scores[i]!)
  return heap[0]!
}

/** Puts a larger number in the place of a heap's least one. */
function replaceLeast(heap: Float32Array, value: number): void {
  let at = 0
  for (;;) {
    let child = 2 * at + 1
    if (child + 1 < heap.length && heap[child + 1]! < heap[child]!) child += 1
    if (child >= heap.length || heap[child]! >= value) break
    heap[at] = heap[child]!
    at = child
  }
  heap[at] = value
}

// Numbers of a vocabulary stay below it, and a sortable score above: together they are exact in f64.
const INDEX = 2 ** 21

/**
 * The tokens from the worst score to the best, the first of equal ones first. Scores and indices are sorted as plain numbers, in V8's own code: with a
 * comparison in JavaScript, a vocabulary of 50,000 would hold the event loop for 30 ms at each token.
 */
export function ascending(scores: Float32Array): Uint32Array {
  const n = scores.length
  const keys = new Float64Array(n)
  const [score, bits] = [new Float32Array(1), new Uint32Array(1)]
  const raw = new Uint32Array(score.buffer)
  for (let i = 0; i < n; i++) {
    score[0] = scores[i]! + 0 // one zero
    bits[0] = raw[0]! >>> 31 ? ~raw[0]! : raw[0]! | 0x80000000
    keys[i] = bits[0]! * INDEX + i
  }
  keys.sort()
  const order = new Uint32Array(n)
  for (let i = 0; i < n; i++) order[i] = keys[i]! % INDEX
  return order
}
