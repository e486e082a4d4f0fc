// Generated from src/generation/sampling.ts by `npm run api`. Do not edit.

import type { LogitsProcessor } from './processors.js'
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
