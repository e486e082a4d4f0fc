// Processors of the scores of the next token, as in transformers: each changes `scores` (V) in place; −Infinity bans a token.
// `ids` is the row so far, prompt (padding included) and new tokens.

import { argmax, entropy, firstByMass, kthLargest, softmax } from './scores.js'

/** Changes the scores of the next token of one row. */
export interface LogitsProcessor {
  (scores: Float32Array, ids: readonly number[]): void
  /**
   * The tokens whose scores it reads and edits, if known beforehand. The scores of all others then stay in the engine, which ranks
   * them; only these are copied to JavaScript. Without it all scores of the row are copied.
   */
  touches?: (ids: readonly number[]) => readonly number[]
}

/** Divides the scores: below 1 sharpens, above 1 flattens. */
export function temperature(value: number): LogitsProcessor {
  return (scores) => {
    for (let i = 0; i < scores.length; i++) scores[i] = scores[i]! / value
  }
}

/** Keeps the k best tokens, and those with the same score as the k-th. */
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
    if (p >= 1) return
    const worst = scores.map((score) => -score)
    const { border, ties } = firstByMass(worst, softmax(scores), p)
    let left = ties
    const safe = kthLargest(scores, Math.min(minTokensToKeep, scores.length))
    // Of equal scores at the border the last ones are kept, as after a sort from worst to best.
    for (let i = scores.length - 1; i >= 0; i--) {
      const isIn = worst[i]! < border || (worst[i] === border && left-- > 0)
      if (!isIn && (minTokensToKeep === 1 || scores[i]! < safe)) scores[i] = -Infinity
    }
  }
}

/** Keeps tokens at least `share` as likely as the best one. */
export function minP(share: number, minTokensToKeep = 1): LogitsProcessor {
  return (scores) => {
    const probabilities = softmax(scores)
    const least = share * probabilities[argmax(scores)]!
    const safe = kthLargest(scores, Math.min(minTokensToKeep, scores.length))
    ban(scores, (score, i) => probabilities[i]! < least && score < safe)
  }
}

/** Keeps the tokens whose surprise is nearest to the expected one, up to a total probability of `mass` (Meister et al. 2023). */
export function typicalP(mass: number, minTokensToKeep = 1): LogitsProcessor {
  return (scores) => {
    const probabilities = softmax(scores)
    const expected = entropy(probabilities)
    const distance = new Float64Array(scores.length)
    for (let i = 0; i < scores.length; i++) distance[i] = Math.abs(-Math.log(probabilities[i]!) - expected)
    const { border } = firstByMass(distance, probabilities, mass)
    const safe = minTokensToKeep > 1 ? Float64Array.from(distance).sort()[minTokensToKeep - 1]! : border
    ban(scores, (_, i) => distance[i]! > border && distance[i]! > safe)
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

/** As epsilonCutoff, with a limit that falls with the entropy H of the row: min(ε, √ε · e^(−H)) (Hewitt et al. 2022). */
export function etaCutoff(epsilon: number, minTokensToKeep = 1): LogitsProcessor {
  return (scores) => {
    const probabilities = softmax(scores)
    const least = Math.min(epsilon, Math.sqrt(epsilon) * Math.exp(-entropy(probabilities)))
    const safe = kthLargest(scores, Math.min(minTokensToKeep, scores.length))
    ban(scores, (score, i) => probabilities[i]! < least && score < safe)
  }
}

/**
 * Makes tokens that occur in the row less likely (penalty above 1) or more (Keskar et al. 2019). The first `promptIgnoreLength` tokens, the
 * padding of a padded prompt, are ignored.
 */
export function repetitionPenalty(penalty: number, promptIgnoreLength = 0): LogitsProcessor {
  const counted = (ids: readonly number[]) => [...new Set(promptIgnoreLength > 0 ? ids.slice(promptIgnoreLength) : ids)]
  return editing(counted, (score) => (score < 0 ? score * penalty : score / penalty))
}

/** Bans tokens that would repeat a group of n tokens of the row. */
export function noRepeatNgram(n: number): LogitsProcessor {
  return banning((ids) => {
    const found: number[] = []
    const tail = ids.length - n + 1
    for (let start = 0; start < tail; start++) {
      let same = 0
      while (same < n - 1 && ids[start + same] === ids[tail + same]) same += 1
      if (same === n - 1) found.push(ids[start + n - 1]!)
    }
    return found
  })
}

/** Bans sequences: a word of one token always, a longer one when the row ends in all but its last token. */
export function badWords(words: readonly (readonly number[])[]): LogitsProcessor {
  return banning((ids) => words.filter((word) => endsIn(ids, word.slice(0, -1))).map((word) => word.at(-1)!))
}

/** Adds a number to the score of a sequence's last token: always, or, for a longer one, when the row ends in all that comes before it. */
export function sequenceBias(
  biases: readonly (readonly [sequence: readonly number[], bias: number])[],
): LogitsProcessor {
  const fitting = (ids: readonly number[]) => biases.filter(([sequence]) => endsIn(ids, sequence.slice(0, -1)))
  const add: LogitsProcessor = (scores, ids) => {
    for (const [sequence, bias] of fitting(ids)) {
      const id = sequence.at(-1)!
      if (id < scores.length) scores[id]! += bias
    }
  }
  add.touches = (ids) => fitting(ids).map(([sequence]) => sequence.at(-1)!)
  return add
}

/** Bans tokens. */
export function suppressTokens(tokens: readonly number[]): LogitsProcessor {
  return banning(() => tokens)
}

/** Bans tokens directly after the prompt. */
export function beginSuppressTokens(promptLength: number, tokens: readonly number[]): LogitsProcessor {
  return banning((ids) => (ids.length === promptLength ? tokens : []))
}

/** Bans stop tokens until the row, prompt included, has `count` tokens. */
export function minLength(count: number, eosTokenId: readonly number[]): LogitsProcessor {
  return banning((ids) => (ids.length < count ? eosTokenId : []))
}

/** Bans stop tokens until the row has `count` new tokens. */
export function minNewTokens(promptLength: number, count: number, eosTokenId: readonly number[]): LogitsProcessor {
  return minLength(promptLength + count, eosTokenId)
}

/** A processor that maps the scores of some tokens. */
function editing(
  tokens: (ids: readonly number[]) => readonly number[],
  edit: (score: number) => number,
): LogitsProcessor {
  const process: LogitsProcessor = (scores, ids) => {
    for (const id of tokens(ids)) if (id < scores.length) scores[id] = edit(scores[id]!)
  }
  process.touches = tokens
  return process
}

function banning(tokens: (ids: readonly number[]) => readonly number[]): LogitsProcessor {
  return editing(tokens, () => -Infinity)
}

function endsIn(ids: readonly number[], tail: readonly number[]): boolean {
  const start = ids.length - tail.length
  return start >= 0 && tail.every((id, i) => ids[start + i] === id)
}

function ban(scores: Float32Array, unfit: (score: number, i: number) => boolean): void {
  for (let i = 0; i < scores.length; i++) if (unfit(scores[i]!, i)) scores[i] = -Infinity
}
