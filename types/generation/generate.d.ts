// Generated from src/generation/generate.ts by `npm run api`. Do not edit.

import type { Prompt } from './prompt.js'
import type { GenerateOptions, GeneratedToken, GenerativeModel } from './run.js'
export type { Prompt } from './prompt.js'
export type { GenerateOptions, GeneratedToken, GenerativeModel, StepOptions } from './run.js'
/** The result of generation with `returnDictInGenerate`. */
export interface GenerateOutput {
  /** For each prompt `numReturnSequences` rows, the best first with beams. */
  sequences: number[][]
  /**
   * Score of each row, `Σ log p / n^lengthPenalty` over its n new tokens, the stop token included; p after the processors, so it may
   * exceed 1. Null without beams.
   */
  sequencesScores: number[] | null
}
/**
 * Continues prompts: with the best token at each step, samples with `doSample`, or the best whole sequences with `numBeams`.
 *
 * Rows of different lengths are padded on the left internally; positions count from the first real token. Each token is computed once
 * (keys and values are cached), and memory does not grow beyond the cache.
 *
 * With beams: of all continuations of the running beams by one token, the best by `Σ log p` are kept, where p is the softmax of the
 * logits, edited by the processors afterwards. The score of a finished sequence of n new tokens is `Σ log p / n^lengthPenalty`.
 * `beamRules: 'nlg'` searches as the LoRA paper's NLG example does. Equal prompts are searched once.
 * @example
 * const [ids] = await model.generate([tokenizer.encode('name : The Eagle |')], { maxNewTokens: 60, doSample: true, topP: 0.9, seed: 7 })
 * console.log(tokenizer.decode(ids))
 * const best = await model.generate([ids], { numBeams: 10, lengthPenalty: 0.9, noRepeatNgramSize: 4, earlyStopping: true })
 * @returns for each prompt its tokens, prompt included, up to and including the token that ended it: `numReturnSequences` rows for each. Rows may differ
 * in length, unless `padTokenId` is given.
 * @throws {OptionError} for options out of range, a prompt too long for the model, or a model with dropout in training mode.
 * @see transformers `generate`: the same sequences and scores; Graves 2012 and Wu et al. 2016 for the search and its length penalty
 */
export declare function generate(
  model: GenerativeModel,
  prompt: Prompt,
  options: GenerateOptions & {
    returnDictInGenerate: true
  },
): Promise<GenerateOutput>
export declare function generate(
  model: GenerativeModel,
  prompt: Prompt,
  options?: GenerateOptions & {
    returnDictInGenerate?: false
  },
): Promise<number[][]>
export declare function generate(
  model: GenerativeModel,
  prompt: Prompt,
  options?: GenerateOptions,
): Promise<number[][] | GenerateOutput>
/**
 * Continues prompts and yields each token as it is chosen. Leaving the loop early frees the cache.
 * @example
 * for await (const { id } of model.stream([ids], { maxNewTokens: 200 })) process.stdout.write(decoder.push(id))
 * @throws as {@link generate}, and with beams, whose tokens are known only at the end
 */
export declare function stream(
  model: GenerativeModel,
  prompt: Prompt,
  options?: GenerateOptions,
): AsyncGenerator<GeneratedToken, void, void>
