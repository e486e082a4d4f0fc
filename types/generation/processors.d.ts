// Generated from src/generation/processors.ts by `npm run api`. Do not edit.

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
export declare function temperature(value: number): LogitsProcessor
/** Keeps the k best tokens, and those with the same score as the k-th. */
export declare function topK(k: number, minTokensToKeep?: number): LogitsProcessor
/** Keeps the smallest set of best tokens whose probabilities sum to at least p (Holtzman et al. 2020). */
export declare function topP(p: number, minTokensToKeep?: number): LogitsProcessor
/** Keeps tokens at least `share` as likely as the best one. */
export declare function minP(share: number, minTokensToKeep?: number): LogitsProcessor
/** Keeps the tokens whose surprise is nearest to the expected one, up to a total probability of `mass` (Meister et al. 2023). */
export declare function typicalP(mass: number, minTokensToKeep?: number): LogitsProcessor
/** Bans tokens less likely than `epsilon`, but never the best ones. */
export declare function epsilonCutoff(epsilon: number, minTokensToKeep?: number): LogitsProcessor
/** As epsilonCutoff, with a limit that falls with the entropy H of the row: min(ε, √ε · e^(−H)) (Hewitt et al. 2022). */
export declare function etaCutoff(epsilon: number, minTokensToKeep?: number): LogitsProcessor
/**
 * Makes tokens that occur in the row less likely (penalty above 1) or more (Keskar et al. 2019). The first `promptIgnoreLength` tokens, the
 * padding of a padded prompt, are ignored.
 */
export declare function repetitionPenalty(penalty: number, promptIgnoreLength?: number): LogitsProcessor
/** Bans tokens that would repeat a group of n tokens of the row. */
export declare function noRepeatNgram(n: number): LogitsProcessor
/** Bans sequences: a word of one token always, a longer one when the row ends in all but its last token. */
export declare function badWords(words: readonly (readonly number[])[]): LogitsProcessor
/** Adds a number to the score of a sequence's last token: always, or, for a longer one, when the row ends in all that comes before it. */
export declare function sequenceBias(
  biases: readonly (readonly [sequence: readonly number[], bias: number])[],
): LogitsProcessor
/** Bans tokens. */
export declare function suppressTokens(tokens: readonly number[]): LogitsProcessor
/** Bans tokens directly after the prompt. */
export declare function beginSuppressTokens(promptLength: number, tokens: readonly number[]): LogitsProcessor
/** Bans stop tokens until the row, prompt included, has `count` tokens. */
export declare function minLength(count: number, eosTokenId: readonly number[]): LogitsProcessor
/** Bans stop tokens until the row has `count` new tokens. */
export declare function minNewTokens(
  promptLength: number,
  count: number,
  eosTokenId: readonly number[],
): LogitsProcessor
