// Filters on the scores of the next token, as in transformers: each changes `scores` (V) in place; −Infinity bans a token.
// `ids` is the row so far, prompt (padding included) and new tokens.

/** Changes the scores of the next token of one row. */
export type LogitsProcessor = (scores: Float32Array, ids: readonly number[]) => void

/** Divides the scores: below 1 sharpens, above 1 flattens. */
export function temperature(value: number): LogitsProcessor {
  return (scores) => scores.forEach((score, i) => (scores[i] = score / value))
}

/** Keeps the k best tokens, and those level with the k-th. */
export function topK(k: number, minTokensToKeep = 1): LogitsProcessor {
  return (scores) => {
    const keep = Math.min(Math.max(k, minTokensToKeep), scores.length)
    const least = kthLargest(scores, keep)
    ban(scores, (score) => score < least)
  }
}

/** Keeps the smallest set of best tokens whose probabilities sum to at least p (Holtzman et al. 2020). */
export function topP(p: number, minTokensToKeep = 1): LogitsProcessor {
  return (scores) => {
    const order = ascending(scores)
    const probabilities = softmax(scores)
    const last = order.length - minTokensToKeep
    for (let rank = 0, sum = 0; rank < last; rank++) {
      sum += probabilities[order[rank]!]!
      if (sum > 1 - p) break
      scores[order[rank]!] = -Infinity
    }
  }
}

/** Keeps tokens at least `share` as likely as the best one. */
export function minP(share: number, minTokensToKeep = 1): LogitsProcessor {
  return (scores) => {
    const probabilities = softmax(scores)
    const least = share * probabilities.reduce((a, b) => Math.max(a, b))
    const order = ascending(scores)
    for (const i of order.subarray(0, Math.max(0, order.length - minTokensToKeep)))
      if (probabilities[i]! < least) scores[i] = -Infinity
  }
}

/** Keeps the tokens whose surprise is nearest to the expected one, up to a total probability of `mass` (Meister et al. 2023). */
export function typicalP(mass: number, minTokensToKeep = 1): LogitsProcessor {
  return (scores) => {
    const probabilities = softmax(scores)
    const entropy = probabilities.reduce((sum, p) => (p > 0 ? sum - p * Math.log(p) : sum), 0)
    const distance = probabilities.map((p) => Math.abs(-Math.log(p) - entropy))
    const order = Array.from(distance.keys()).sort((a, b) => distance[a]! - distance[b]!)
    let [count, sum] = [0, 0]
    for (const i of order) if ((sum += probabilities[i]!) < mass) count++
    const border = distance[order[Math.min(count, order.length - 1)]!]!
    order.forEach((i, rank) => {
      if (rank >= minTokensToKeep && distance[i]! > border) scores[i] = -Infinity
    })
  }
}

/** Bans tokens less likely than `epsilon`, but never the best ones. */
export function epsilonCutoff(epsilon: number, minTokensToKeep = 1): LogitsProcessor {
  return (scores) => {
    const probabilities = softmax(scores)
    const safe = kthLargest(scores, Math.min(minTokensToKeep, scores.length))
    ban(scores, (score, i) => probabilities[i]! < epsilon && score < safe)
  }
}

/** Makes tokens that occur in the row less likely (penalty above 1) or more (Keskar et al. 2019). */
export function repetitionPenalty(penalty: number): LogitsProcessor {
  return (scores, ids) => {
    for (const id of new Set(ids)) {
      const score = scores[id]
      if (score !== undefined) scores[id] = score < 0 ? score * penalty : score / penalty
    }
  }
}

/** Bans tokens that would complete a group of n tokens that occurs in the row. */
export function noRepeatNgram(n: number): LogitsProcessor {
  return (scores, ids) => {
    const tail = ids.slice(ids.length - n + 1)
    for (let start = 0; start + n <= ids.length; start++) {
      if (tail.every((id, i) => ids[start + i] === id)) scores[ids[start + n - 1]!] = -Infinity
    }
  }
}

/** Bans sequences: a word of one token always, a longer one when the row ends in all but its last token. */
export function badWords(words: readonly (readonly number[])[]): LogitsProcessor {
  return (scores, ids) => {
    for (const word of words) {
      const head = word.slice(0, -1)
      if (word.length > ids.length && word.length > 1) continue
      const start = ids.length - head.length
      if (head.every((id, i) => ids[start + i] === id)) scores[word.at(-1)!] = -Infinity
    }
  }
}

/** Bans tokens. */
export function suppressTokens(tokens: readonly number[]): LogitsProcessor {
  return (scores) => tokens.forEach((id) => (scores[id] = -Infinity))
}

/** Bans stop tokens until the row has `count` new tokens. */
export function minNewTokens(promptLength: number, count: number, eosTokenId: readonly number[]): LogitsProcessor {
  return (scores, ids) => {
    if (ids.length - promptLength < count) suppressTokens(eosTokenId)(scores, ids)
  }
}

/** `eˣ / Σ eˣ` in f64. */
export function softmax(scores: Float32Array): Float64Array {
  const n = scores.length
  const weights = new Float64Array(n)
  let largest = -Infinity
  for (let i = 0; i < n; i++) largest = Math.max(largest, scores[i]!)
  let sum = 0
  for (let i = 0; i < n; i++) sum += weights[i] = Math.exp(scores[i]! - largest)
  for (let i = 0; i < n; i++) weights[i]! /= sum
  return weights
}

function ban(scores: Float32Array, unfit: (score: number, i: number) => boolean): void {
  for (let i = 0; i < scores.length; i++) if (unfit(scores[i]!, i)) scores[i] = -Infinity
}

/** The k-th largest score. A heap of the k best so far: most scores are compared once with the least of them, where sorting takes milliseconds. */
function kthLargest(scores: Float32Array, k: number): number {
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
function ascending(scores: Float32Array): Uint32Array {
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
