import { bad, checkInteger, checkNumber, checkProbability } from '../nn/options.js'
import * as processors from './processors.js'
import type { LogitsProcessor } from './processors.js'

/** How the next token is chosen. */
export interface SamplingOptions {
  /** Draw from the filtered distribution; else take the best token. The filters marked (sampling) then have no effect. @default false */
  doSample?: boolean
  /** Divide the scores by this (sampling). @default 1 */
  temperature?: number
  /** Keep the k best tokens (sampling); 0 keeps all. @default 0 */
  topK?: number
  /** Keep the best tokens that together have this probability (sampling). @default 1 */
  topP?: number
  /** Keep tokens at least this share as likely as the best one (sampling). @default 0 */
  minP?: number
  /** Keep the tokens nearest to the expected surprise, up to this probability (sampling). @default 1 */
  typicalP?: number
  /** Ban tokens less likely than this (sampling). @default 0 */
  epsilonCutoff?: number
  /** Above 1: tokens that occur already, in the prompt too, become less likely. @default 1 */
  repetitionPenalty?: number
  /** No group of this many tokens occurs twice; 0 is off. @default 0 */
  noRepeatNgramSize?: number
  /** Token sequences that must not occur. @default none */
  badWordsIds?: readonly (readonly number[])[]
  /** Tokens that must not occur. @default none */
  suppressTokens?: readonly number[]
  /** Stop tokens are banned until a row has this many new tokens. @default 0 */
  minNewTokens?: number
}

/** Option names of {@link SamplingOptions}. */
export const SAMPLING_KEYS = [
  'doSample',
  'temperature',
  'topK',
  'topP',
  'minP',
  'typicalP',
  'epsilonCutoff',
  'repetitionPenalty',
  'noRepeatNgramSize',
  'badWordsIds',
  'suppressTokens',
  'minNewTokens',
] as const

/**
 * The filters that the options ask for, in the order in which transformers applies them.
 * @throws {OptionError} for a value out of range.
 */
export function buildProcessors(
  owner: string,
  options: SamplingOptions,
  promptLength: number,
  eosTokenId: readonly number[],
): LogitsProcessor[] {
  const chain: LogitsProcessor[] = []
  const penalty = checkNumber(owner, 'repetitionPenalty', options.repetitionPenalty ?? 1, 0, true)
  const ngram = checkInteger(owner, 'noRepeatNgramSize', options.noRepeatNgramSize ?? 0, 0)
  const least = checkInteger(owner, 'minNewTokens', options.minNewTokens ?? 0, 0)
  const words = options.badWordsIds ?? []
  if (words.some((word) => word.length === 0)) throw bad(owner, 'badWordsIds', 'sequences of at least one token', words)
  if (penalty !== 1) chain.push(processors.repetitionPenalty(penalty))
  if (ngram > 0) chain.push(processors.noRepeatNgram(ngram))
  if (words.length > 0) chain.push(processors.badWords(words))
  if (least > 0 && eosTokenId.length > 0) chain.push(processors.minNewTokens(promptLength, least, eosTokenId))
  if (options.suppressTokens?.length) chain.push(processors.suppressTokens(options.suppressTokens))
  const warpers = buildWarpers(owner, options)
  return options.doSample ? [...chain, ...warpers] : chain
}

/** The best token; of several, the first. */
export function argmax(scores: Float32Array): number {
  let best = 0
  for (let i = 1; i < scores.length; i++) if (scores[i]! > scores[best]!) best = i
  return best
}

/** The token at which the running sum of the probabilities passes `u`, a uniform number in [0, 1). */
export function sample(scores: Float32Array, u: number): number {
  const probabilities = processors.softmax(scores)
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

function buildWarpers(owner: string, options: SamplingOptions): LogitsProcessor[] {
  const warpers: LogitsProcessor[] = []
  const heat = checkNumber(owner, 'temperature', options.temperature ?? 1, 0, true)
  const k = checkInteger(owner, 'topK', options.topK ?? 0, 0)
  const topP = checkProbability(owner, 'topP', options.topP ?? 1)
  const minP = checkProbability(owner, 'minP', options.minP ?? 0)
  const typicalP = checkProbability(owner, 'typicalP', options.typicalP ?? 1)
  const epsilon = checkProbability(owner, 'epsilonCutoff', options.epsilonCutoff ?? 0)
  if (heat !== 1) warpers.push(processors.temperature(heat))
  if (k > 0) warpers.push(processors.topK(k))
  if (topP < 1) warpers.push(processors.topP(topP))
  if (minP > 0) warpers.push(processors.minP(minP))
  if (typicalP < 1) warpers.push(processors.typicalP(typicalP))
  if (epsilon > 0) warpers.push(processors.epsilonCutoff(epsilon))
  return warpers
}
