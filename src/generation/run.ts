// The options of generation, checked.
import { OptionError } from '../errors.js'
import type { Ids } from './ids.js'
import type { KvCache } from './kv-cache.js'
import { Dropout } from '../nn/dropout.js'
import type { Module } from '../nn/module.js'
import { checkOptions } from '../runtime/check-options.js'
import { bad } from '../runtime/options.js'
import { Generator } from '../runtime/random.js'
import { schemas } from '../runtime/tables.js'
import { ofThisCall } from '../runtime/uses.js'
import type { Tensor } from '../tensor/tensor.js'
import { beamSettings } from './beam-options.js'
import type { BeamOptions, BeamSettings } from './beam-options.js'
import type { LogitsProcessor } from './processors.js'
import { readPrompt } from './prompt.js'
import type { Batch, Prompt } from './prompt.js'
import { buildProcessors } from './sampling.js'
import type { SamplingOptions } from './sampling.js'
import { eosTokens } from './stopping.js'
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
  readonly config: { eos_token_id?: number | number[] | null; vocab_size?: number }
  readonly maxPositions: number
  /** A sequence that gets longer than this is computed anew, since the keys in the cache do not suit it then. @default never */
  readonly recomputeBeyond?: number | null
  /** Ids `(N, T)`: the prompt as rows of numbers, a token as a tensor where its value is not known here. */
  forward(ids: Ids, options: StepOptions): { logits: Tensor }
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

/** Checked options. */
export interface Run {
  readonly owner: string
  readonly batch: Batch
  readonly options: GenerateOptions
  readonly maxNewTokens: number
  /** Rows of the result for each prompt. */
  readonly returned: number
  readonly beams: BeamSettings | null
  readonly eos: readonly number[]
  readonly generator: Generator | undefined
  /** For each prompt. */
  readonly processors: readonly (readonly LogitsProcessor[])[]
  /** Frees what was made for this run alone; called at its end. */
  readonly release: () => void
}

/** @throws {OptionError} for options out of range or that exclude each other, and for a model that cannot generate. */
export async function prepare(
  owner: string,
  model: GenerativeModel,
  prompt: Prompt,
  options: GenerateOptions,
): Promise<Run> {
  checkOptions(owner, options, schemas.GenerateOptions)
  const maxNewTokens = options.maxNewTokens ?? 20
  const returned = options.numReturnSequences ?? 1
  const eos = eosTokens(options.eosTokenId === undefined ? model.config.eos_token_id : options.eosTokenId)
  const beams = beamSettings(owner, options, eos.length, returned)
  checkReturned(owner, returned, beams, options.doSample)
  const batch = await readPrompt(owner, prompt, options.attentionMask)
  if (model.rowCount !== undefined && model.rowCount !== batch.given.length)
    throw bad(owner, 'prompt', `${model.rowCount} rows, one for each name of an adapter`, `${batch.given.length} rows`)
  const width = batch.ids[0]!.length
  if (width + maxNewTokens > model.maxPositions) throw tooLong(owner, width, maxNewTokens, model.maxPositions)
  if ([...model.modules()].some((module) => module instanceof Dropout && module.training && module.p > 0)) {
    throw inTraining(owner)
  }
  if (options.seed !== undefined && options.generator)
    throw bad(owner, 'seed', 'left out beside a generator', options.seed)
  const seeded = options.seed === undefined ? null : ofThisCall(new Generator(options.seed))
  const generator = seeded ?? options.generator
  const vocabulary = model.config.vocab_size
  const processors = batch.given.map((row, b) =>
    beams?.rules === 'nlg'
      ? buildProcessors(owner, options, { length: 0, padding: 0 }, eos, vocabulary).map((one) =>
          withoutFirst(row.length, one),
        )
      : buildProcessors(owner, options, { length: row.length, padding: batch.padding[b]! }, eos, vocabulary),
  )
  const release = () => seeded?.dispose()
  return { owner, batch, options, maxNewTokens, returned, beams, eos, generator, processors, release }
}

function checkReturned(owner: string, returned: number, beams: BeamSettings | null, doSample = false): void {
  if (beams !== null && returned > beams.numBeams)
    throw bad(owner, 'numReturnSequences', `at most numBeams, ${beams.numBeams}`, returned)
  if (beams === null && returned > 1 && !doSample)
    throw bad(owner, 'numReturnSequences', '1 for greedy decoding', returned, 'set numBeams, or doSample to true')
}

/** A processor that sees the row without its first tokens. */
function withoutFirst(first: number, processor: LogitsProcessor): LogitsProcessor {
  const inner: LogitsProcessor = (scores, ids) => processor(scores, ids.slice(first))
  const { touches } = processor
  if (touches !== undefined) inner.touches = (ids) => touches(ids.slice(first))
  return inner
}

function tooLong(owner: string, prompt: number, fresh: number, limit: number): OptionError {
  return new OptionError({
    what: `${owner}: prompt and new tokens are longer than the model supports`,
    expected: `at most ${limit} tokens together`,
    received: `${prompt} in the prompt and maxNewTokens ${fresh}`,
    fix:
      prompt < limit
        ? `shorten the prompt or set maxNewTokens to ${limit - prompt} or less`
        : `shorten the prompt to at most ${limit - 1} tokens: its last ones are ids.slice(-${limit - 1})`,
  })
}

function inTraining(owner: string): OptionError {
  return new OptionError({
    what: `${owner}: the model is in training mode and has dropout, so its text would be noise`,
    expected: 'evaluation mode',
    received: 'training mode',
    fix: 'call model.eval() before, and model.train() afterwards',
  })
}
