// Generated from src/generation/run.ts by `npm run api`. Do not edit.

import type { Ids } from './ids.js'
import type { KvCache } from './kv-cache.js'
import type { Module } from '../nn/module.js'
import { Generator } from '../runtime/random.js'
import type { Tensor } from '../tensor/tensor.js'
import type { BeamOptions } from './beam-options.js'
import type { SamplingOptions } from './sampling.js'
import type { StopOptions } from './stopping.js'
/** Options of {@link generate} and {@link stream}. */
export interface GenerateOptions extends SamplingOptions, StopOptions, BeamOptions {
  /** Largest number of new tokens per row. @integer @minimum 1 @default 20 */
  maxNewTokens?: number
  /** Rows per prompt: the best beams, or independent samples with `doSample`. @integer @minimum 1 @default 1 */
  numReturnSequences?: number
  /** 1 for tokens, 0 for padding, shaped as the prompt; not needed for rows of different lengths. @integer @minimum 0 @maximum 1 @default all 1 */
  attentionMask?: readonly (readonly number[])[]
  /** Pad the returned rows to one length with this token, on the right. @integer @minimum 0 @default no padding */
  padTokenId?: number
  /** Seed of sampling, independent of other draws. @default the current stream's generator is used */
  seed?: number | bigint
  /** Generator of sampling; pass it or `seed`. @default that of `seed`, else that of the current stream */
  generator?: Generator
  /** Called for each new token, in order; a promise is awaited. Not with beams, whose tokens are known only at the end. @default none */
  onToken?: (token: GeneratedToken) => void | Promise<void>
  /** Stops before the next token; the promise rejects with an `AbortedError` whose cause is the signal's reason. @default none */
  signal?: AbortSignal
  /** Return a {@link GenerateOutput} instead of the rows alone. @default false */
  returnDictInGenerate?: boolean
}
/** One new token. */
export interface GeneratedToken {
  /** Row of the result. */
  row: number
  /** The token. */
  id: number
  /** Why the row ends here, or null. */
  finish: 'eos' | 'stop' | 'length' | null
}
/** What generation needs from a model. */
export interface GenerativeModel extends Module {
  readonly config: {
    eos_token_id?: number | number[] | null
    vocab_size?: number
  }
  readonly maxPositions: number
  /** A sequence that gets longer than this is computed anew, since the keys in the cache do not suit it then. @default never */
  readonly recomputeBeyond?: number | null
  /** Ids `(N, T)`: the prompt as rows of numbers, a token as a tensor where its value is not known here. */
  forward(
    ids: Ids,
    options: StepOptions,
  ): {
    logits: Tensor
  }
  /** How many rows its batches have, where each row is computed in its own way. @default any number */
  readonly rowCount?: number
  /** The model for a batch of some of its rows, by their indexes; one may be there several times. */
  ofRows?(rows: readonly number[]): GenerativeModel
  /** What tells the rows apart: equal prompts of rows that have the same are continued in the same way. */
  rowKey?(row: number): string
}
/** The options of each forward. */
export interface StepOptions {
  /** 1 for tokens, 0 for padding, over the cache and what is new; null where all are tokens. */
  attentionMask: Ids | null
  /** The places of the new tokens. */
  positionIds: readonly (readonly number[])[]
  /** Tokens of the longest sequence of the whole batch, also of rows that are finished and no longer among the ids. @integer @minimum 1 */
  sequenceLength: number
  /** Keys and values of the tokens before, which forward adds to. */
  pastKeyValues: KvCache
  /** How many positions at the end need logits. @integer @minimum 0 @default all */
  logitsToKeep?: number
}
