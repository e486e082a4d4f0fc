// Functions of the scores of one row.

/** `eˣ / Σ eˣ` in f64. */
export function softmax(scores: Float32Array): Float64Array {
  const n = scores.length
  const weights = new Float64Array(n)
  let largest = -Infinity
  for (let i = 0; i < n; i++) if (scores[i]! > largest) largest = scores[i]!
  let sum = 0
  for (let i = 0; i < n; i++) sum += weights[i] = Math.exp(scores[i]! - largest)
  for (let i = 0; i < n; i++) weights[i] = weights[i]! / sum
  return weights
}

/**
 * The sum of exponentials `Σ eˣ` in two parts: the largest x, and `ln Σ e^(x − largest)`. Their sum, rounded to f32, would lose the last digits of both: a log
 * probability near 0 is the difference of two numbers that are much larger.
 */
export interface Mass {
  readonly largest: number
  readonly rest: number
}

/** The mass of scores, those that are a mass themselves included. */
export function massOf(scores: ArrayLike<number>, ...others: readonly Mass[]): Mass {
  let [largest, sum] = [-Infinity, 0]
  for (let i = 0; i < scores.length; i++) if (scores[i]! > largest) largest = scores[i]!
  for (const other of others) if (other.largest > largest) largest = other.largest
  for (let i = 0; i < scores.length; i++) sum += Math.exp(scores[i]! - largest)
  for (const other of others) if (other.largest > -Infinity) sum += Math.exp(other.largest - largest + other.rest)
  return { largest, rest: Math.log(sum) }
}

/** `ln p = (x − largest) − rest`, rounded as in f32. */
export function logProbability(score: number, { largest, rest }: Mass): number {
  return Math.fround(Math.fround(score - largest) - rest)
}

/** `ln p` of all scores in place. */
export function logSoftmax(scores: Float32Array): void {
  const mass = massOf(scores)
  const rounded = { ...mass, rest: Math.fround(mass.rest) }
  for (let i = 0; i < scores.length; i++) scores[i] = logProbability(scores[i]!, rounded)
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
  /** `Σ e^(x / t)` over all tokens of the row, if requested. */
  readonly mass?: Mass
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

/** The k-th largest score. Keeps a heap of the k best so far: most scores are compared only with the least of them, while sorting would take milliseconds. */
export function kthLargest(scores: Float32Array, k: number): number {
  if (k > scores.length / 8) return Float32Array.from(scores).sort()[scores.length - k]!
  const heap = scores.slice(0, k).sort()
  for (let i = k; i < scores.length; i++) if (scores[i]! > heap[0]!) replaceLeast(heap, scores[i]!)
  return heap[0]!
}

/** Replaces the least number of a heap by a larger one. */
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

/** `−Σ p ln p`. */
export function entropy(probabilities: Float64Array): number {
  let sum = 0
  for (const p of probabilities) if (p > 0) sum -= p * Math.log(p)
  return sum
}

/** The end of a set of smallest keys: `border` is its largest, which it contains `ties` times. */
export interface Border {
  border: number
  ties: number
}

/** Number of equal ranges into which keys are binned. */
const RANGES = 1024

/**
 * The smallest keys whose weights sum to `mass`, including the one that reaches it. Only keys in the range where that happens are sorted: sorting a vocabulary
 * of 50,000 would block the event loop for 7 ms per token. Infinite keys are ignored.
 */
export function firstByMass(keys: ArrayLike<number>, weights: Float64Array, mass: number): Border {
  let [low, high] = [Infinity, -Infinity]
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i]!
    if (key < low) low = key
    if (key > high && key < Infinity) high = key
  }
  const scale = high > low ? (RANGES - 1) / (high - low) : 0
  const rangeOf = (key: number) => (key === Infinity ? RANGES : Math.floor((key - low) * scale))
  const sums = new Float64Array(RANGES + 1)
  for (let i = 0; i < keys.length; i++) sums[rangeOf(keys[i]!)]! += weights[i]!
  let [range, sum] = [0, 0]
  while (range < RANGES - 1 && sum + sums[range]! < mass) sum += sums[range++]!
  const inside: number[] = []
  for (let i = 0; i < keys.length; i++) if (rangeOf(keys[i]!) === range) inside.push(i)
  inside.sort((a, b) => keys[a]! - keys[b]!)
  return endOf(inside, sum, keys, weights, mass)
}

/** Adds the weights of tokens in order to `sum`, up to the one that makes it reach the mass, or to the last. */
function endOf(order: number[], sum: number, keys: ArrayLike<number>, weights: Float64Array, mass: number): Border {
  const end: Border = { border: Infinity, ties: 0 }
  for (const i of order) {
    end.ties = keys[i] === end.border ? end.ties + 1 : 1
    end.border = keys[i]!
    if ((sum += weights[i]!) >= mass) break
  }
  return end
}
