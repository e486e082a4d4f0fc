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
  /** Most new tokens in a row. @default 20 */
  maxNewTokens?: number
  /** Rows for each prompt: the best beams, or as many draws with `doSample`. @default 1 */
  numReturnSequences?: number
  /** 1 for tokens, 0 for padding, shaped as the prompt; not needed for rows of different lengths. @default all 1 */
  attentionMask?: readonly (readonly number[])[]
  /** Fill the returned rows to one length with this token, on the right. @default rows end where they end */
  padTokenId?: number
  /** Fixes what sampling draws, whatever else draws numbers meanwhile. @default drawn from the current stream's generator */
  seed?: number
  /** Draw from this generator; give it or `seed`. */
  generator?: Generator
  /** Called for each new token, in order; a promise is waited for. Not with beams, which choose their tokens at the end. */
  onToken?: (token: GeneratedToken) => void | Promise<void>
  /** Stops at the next token; the promise rejects with the signal's reason. */
  signal?: AbortSignal
  /** Return a {@link GenerateOutput} in place of the rows alone. @default false */
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
/** What a model must have to generate. */
export interface GenerativeModel extends Module {
  readonly config: {
    eos_token_id?: number | number[] | null
    vocab_size?: number
  }
  readonly maxPositions: number
  /** Ids `(N, T)`: the prompt comes as rows of numbers, a token as a tensor where it is known to the engine only. */
  forward(
    ids: Ids,
    options: StepOptions,
  ): {
    logits: Tensor
  }
}
/** What forward is given at each step. */
export interface StepOptions {
  attentionMask: Ids | null
  positionIds: readonly (readonly number[])[]
  pastKeyValues: KvCache
  logitsToKeep?: number
}
