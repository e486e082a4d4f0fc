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
    for (const i of order.slice(0, order.length - minTokensToKeep)) if (probabilities[i]! < least) scores[i] = -Infinity
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
  const largest = scores.reduce((a, b) => Math.max(a, b), -Infinity)
  const weights = Float64Array.from(scores, (score) => Math.exp(score - largest))
  const sum = weights.reduce((a, b) => a + b, 0)
  return weights.map((weight) => weight / sum)
}

function ban(scores: Float32Array, unfit: (score: number, i: number) => boolean): void {
  scores.forEach((score, i) => {
    if (unfit(score, i)) scores[i] = -Infinity
  })
}

function kthLargest(scores: Float32Array, k: number): number {
  return Float32Array.from(scores).sort()[scores.length - k]!
}

function ascending(scores: Float32Array): number[] {
  return Array.from(scores.keys()).sort((a, b) => scores[a]! - scores[b]!)
}
