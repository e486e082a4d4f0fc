import { bad, checkInteger } from '../runtime/options.js'
import * as processors from './processors.js'
import type { LogitsProcessor } from './processors.js'
import { softmax } from './scores.js'

/** Options of how the next token is chosen. */
export interface SamplingOptions {
  /** Sample from the filtered distribution; without it the best token is taken, and the options marked (sampling) have no effect. @default false */
  doSample?: boolean
  /** Divide the scores by this (sampling). @exclusiveMinimum 0 @default 1 */
  temperature?: number
  /** Keep the k best tokens (sampling); 0 keeps all. @integer @minimum 0 @default 0 */
  topK?: number
  /** Keep the best tokens that together have this probability (sampling). @minimum 0 @maximum 1 @default 1 */
  topP?: number
  /** Keep tokens at least this share as likely as the best one (sampling). @minimum 0 @maximum 1 @default 0 */
  minP?: number
  /** Keep the tokens nearest to the expected surprise, up to this probability (sampling). @minimum 0 @maximum 1 @default 1 */
  typicalP?: number
  /** Ban tokens less likely than this (sampling). @minimum 0 @maximum 1 @default 0 */
  epsilonCutoff?: number
  /** As epsilonCutoff, lower where the distribution is flat (sampling). @minimum 0 @maximum 1 @default 0 */
  etaCutoff?: number
  /** Above 1: tokens that have occurred, also in the prompt, become less likely. @exclusiveMinimum 0 @default 1 */
  repetitionPenalty?: number
  /** No group of this many tokens occurs twice; 0 is off. @integer @minimum 0 @default 0 */
  noRepeatNgramSize?: number
  /** Token sequences that must not occur; a stop token alone stays allowed. @integer @minimum 0 @default none */
  badWordsIds?: readonly (readonly number[])[]
  /** Token sequences with a number that is added to the score of the last token where the others precede it. @default none */
  sequenceBias?: readonly (readonly [sequence: readonly number[], bias: number])[]
  /** Tokens that must not occur. @integer @minimum 0 @default none */
  suppressTokens?: readonly number[]
  /** Tokens that must not be the first new one. @integer @minimum 0 @default none */
  beginSuppressTokens?: readonly number[]
  /** Stop tokens are banned until a row, prompt included, is this long. Ignored beside `minNewTokens`. @integer @minimum 0 @default 0 */
  minLength?: number
  /** Stop tokens are banned until a row has this many new tokens. It takes the place of `minLength`, even as 0. @integer @minimum 0 @default none */
  minNewTokens?: number
  /** Processors of your own, applied after those that edit single tokens and before those marked (sampling). @default none */
  logitsProcessor?: LogitsProcessor | readonly LogitsProcessor[]
}

/** A row before its first new token. */
export interface PromptRow {
  readonly length: number
  /** Padding on its left. */
  readonly padding: number
}

/**
 * The processors of a row, without those marked (sampling), in the order in which transformers applies them.
 * @throws {OptionError} for a value out of range, and for tokens outside of a vocabulary of known size.
 */
export function buildProcessors(
  owner: string,
  options: SamplingOptions,
  prompt: PromptRow,
  eosTokenId: readonly number[],
  vocabulary = Infinity,
): LogitsProcessor[] {
  const chain: LogitsProcessor[] = []
  const penalty = options.repetitionPenalty ?? 1
  const ngram = options.noRepeatNgramSize ?? 0
  // As in transformers, where minNewTokens overwrites minLength.
  const leastNew = options.minNewTokens ?? 0
  const least = options.minNewTokens === undefined ? (options.minLength ?? 0) : 0
  const { sequenceBias = [], badWordsIds = [], suppressTokens = [], beginSuppressTokens = [] } = options
  checkSequences(
    owner,
    'sequenceBias',
    sequenceBias.map(([sequence]) => sequence),
    vocabulary,
  )
  checkSequences(owner, 'badWordsIds', badWordsIds, vocabulary)
  for (const name of ['suppressTokens', 'beginSuppressTokens'] as const)
    checkSequences(
      owner,
      name,
      (options[name] ?? []).map((id) => [id]),
      vocabulary,
    )
  // As in transformers, a stop token alone stays allowed.
  const words = badWordsIds.filter((word) => word.length > 1 || !eosTokenId.includes(word[0]!))
  if (sequenceBias.length > 0) chain.push(processors.sequenceBias(sequenceBias))
  if (penalty !== 1) chain.push(processors.repetitionPenalty(penalty, prompt.padding))
  if (ngram > 0) chain.push(processors.noRepeatNgram(ngram))
  if (words.length > 0) chain.push(processors.badWords(words))
  if (least > 0 && eosTokenId.length > 0) chain.push(processors.minLength(least, eosTokenId))
  if (leastNew > 0 && eosTokenId.length > 0) chain.push(processors.minNewTokens(prompt.length, leastNew, eosTokenId))
  if (suppressTokens.length > 0) chain.push(processors.suppressTokens(suppressTokens))
  if (beginSuppressTokens.length > 0) chain.push(processors.beginSuppressTokens(prompt.length, beginSuppressTokens))
  const own = options.logitsProcessor ?? []
  return [...chain, ...(typeof own === 'function' ? [own] : own)]
}

function checkSequences(
  owner: string,
  name: string,
  sequences: readonly (readonly number[])[],
  vocabulary: number,
): void {
  for (const sequence of sequences) {
    if (sequence.length === 0) throw bad(owner, name, 'sequences of at least one token', sequences)
    for (const id of sequence) {
      checkInteger(owner, name, id, 0)
      if (id >= vocabulary) throw bad(owner, name, `tokens below ${vocabulary}, the size of the vocabulary`, id)
    }
  }
}

/** The token at which the running sum of the probabilities passes `u`, a uniform number in [0, 1). */
export function sample(scores: Float32Array, u: number): number {
  const probabilities = softmax(scores)
  let [last, sum] = [0, 0]
  for (let i = 0; i < probabilities.length; i++) {
    const p = probabilities[i]!
    if (p === 0) continue
    sum += p
    last = i
    if (u < sum) break
  }
  return last
}

/** The processors marked (sampling), in the order in which transformers applies them. None depends on the token of a score. */
export function buildWarpers(options: SamplingOptions): LogitsProcessor[] {
  const warpers: LogitsProcessor[] = []
  const heat = options.temperature ?? 1
  const k = options.topK ?? 0
  const topP = options.topP ?? 1
  const minP = options.minP ?? 0
  const typicalP = options.typicalP ?? 1
  const epsilon = options.epsilonCutoff ?? 0
  const eta = options.etaCutoff ?? 0
  if (heat !== 1) warpers.push(processors.temperature(heat))
  if (k > 0) warpers.push(processors.topK(k))
  if (topP < 1) warpers.push(processors.topP(topP))
  if (minP > 0) warpers.push(processors.minP(minP))
  if (typicalP < 1) warpers.push(processors.typicalP(typicalP))
  if (epsilon > 0) warpers.push(processors.epsilonCutoff(epsilon))
  if (eta > 0) warpers.push(processors.etaCutoff(eta))
  return warpers
}
