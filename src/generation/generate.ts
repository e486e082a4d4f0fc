import { OptionError } from '../errors.js'
import { KvCache } from '../models/kv-cache.js'
import { Dropout } from '../nn/dropout.js'
import type { Module } from '../nn/module.js'
import { bad, checkInteger, checkKeys } from '../nn/options.js'
import { keep, noGrad, scope } from '../scope.js'
import { Generator, withGenerator } from '../random.js'
import { rand } from '../make.js'
import type { Tensor } from '../tensor.js'
import { positionsOf, readPrompt } from './prompt.js'
import type { Batch, Prompt } from './prompt.js'
import { SAMPLING_KEYS, argmax, buildProcessors, sample } from './sampling.js'
import type { SamplingOptions } from './sampling.js'

export type { Prompt } from './prompt.js'

/** Options of {@link generate} and {@link stream}. */
export interface GenerateOptions extends SamplingOptions {
  /** Most new tokens in a row. @default 20 */
  maxNewTokens?: number
  /** Tokens that end a row; null for none. @default the model's `eos_token_id` */
  eosTokenId?: number | readonly number[] | null
  /** Sequences of tokens that end a row. @default none */
  stopSequences?: readonly (readonly number[])[]
  /** Ends a row when it returns true for the tokens so far (prompt included). @default none */
  stop?: (ids: readonly number[], row: number) => boolean
  /** 1 for tokens, 0 for padding, shaped as the prompt; not needed for rows of different lengths. @default all 1 */
  attentionMask?: readonly (readonly number[])[]
  /** Fixes what sampling draws, whatever else draws numbers meanwhile. @default drawn from the current stream's generator */
  seed?: number
  /** Draw from this generator; give it or `seed`. */
  generator?: Generator
  /** Called for each new token, in order; a promise is waited for. */
  onToken?: (token: GeneratedToken) => void | Promise<void>
  /** Stops at the next token; the promise rejects with the signal's reason. */
  signal?: AbortSignal
}

/** One new token. */
export interface GeneratedToken {
  /** Row of the batch. */
  row: number
  /** The token. */
  id: number
  /** Why the row ends here, or null. */
  finish: 'eos' | 'stop' | 'length' | null
}

/** What a model must have to generate. */
export interface GenerativeModel extends Module {
  readonly config: { eos_token_id?: number | number[] | null }
  readonly maxPositions: number
  forward(ids: readonly (readonly number[])[], options: ForwardOptions): { logits: Tensor }
}

interface ForwardOptions {
  attentionMask: readonly (readonly number[])[]
  positionIds: readonly (readonly number[])[]
  pastKeyValues: KvCache
  logitsToKeep: number
}

const KEYS = [
  ...SAMPLING_KEYS,
  'maxNewTokens',
  'eosTokenId',
  'stopSequences',
  'stop',
  'attentionMask',
  'seed',
  'generator',
  'onToken',
  'signal',
]

/**
 * Continues prompts: the best token at each step, or draws with `doSample`.
 *
 * Rows of different lengths are padded on the left inside; positions count from the first real token. Each token is computed once
 * (keys and values are cached), and memory does not grow beyond the cache.
 * @example
 * const [ids] = await model.generate([tokenizer.encode('name : The Eagle |')], { maxNewTokens: 60, doSample: true, topP: 0.9, seed: 7 })
 * console.log(tokenizer.decode(ids))
 * @returns for each prompt its tokens, prompt included, up to and including what ended it. Rows may differ in length.
 * @throws {OptionError} for options out of range, a prompt too long for the model, or a model with dropout in training mode.
 */
export async function generate(
  model: GenerativeModel,
  prompt: Prompt,
  options: GenerateOptions = {},
): Promise<number[][]> {
  const run = await prepare('generate', model, prompt, options)
  for await (const token of tokens(model, run)) await options.onToken?.(token)
  return run.rows
}

/**
 * Continues prompts and yields each token as it is chosen. Leaving the loop early frees the cache.
 * @example
 * for await (const { id } of model.stream([ids], { maxNewTokens: 200 })) process.stdout.write(decoder.push(id))
 * @throws as {@link generate}
 */
export async function* stream(
  model: GenerativeModel,
  prompt: Prompt,
  options: GenerateOptions = {},
): AsyncGenerator<GeneratedToken, void, void> {
  const run = await prepare('stream', model, prompt, options)
  for await (const token of tokens(model, run)) {
    await options.onToken?.(token)
    yield token
  }
}

interface Run {
  readonly owner: string
  readonly batch: Batch
  /** Prompt and new tokens of each row. */
  readonly rows: number[][]
  readonly options: GenerateOptions
  readonly maxNewTokens: number
  readonly eos: readonly number[]
  readonly generator: Generator | undefined
}

async function prepare(owner: string, model: GenerativeModel, prompt: Prompt, options: GenerateOptions): Promise<Run> {
  checkKeys(owner, options, KEYS)
  const maxNewTokens = checkInteger(owner, 'maxNewTokens', options.maxNewTokens ?? 20, 1)
  const batch = await readPrompt(owner, prompt, options.attentionMask)
  const width = batch.ids[0]!.length
  if (width + maxNewTokens > model.maxPositions) throw tooLong(owner, width, maxNewTokens, model.maxPositions)
  if ([...model.modules()].some((module) => module instanceof Dropout && module.training && module.p > 0)) {
    throw inTraining(owner)
  }
  if (options.seed !== undefined && options.generator)
    throw bad(owner, 'seed', 'left out beside a generator', options.seed)
  const generator = options.seed === undefined ? options.generator : new Generator(options.seed)
  const eos = eosTokens(options.eosTokenId === undefined ? model.config.eos_token_id : options.eosTokenId)
  return { owner, batch, rows: batch.given.map((row) => [...row]), options, maxNewTokens, eos, generator }
}

async function* tokens(model: GenerativeModel, run: Run): AsyncGenerator<GeneratedToken, void, void> {
  const { batch, rows, options, maxNewTokens, eos } = run
  const filters = rows.map((row) => buildProcessors(run.owner, options, row.length, eos))
  const live = new Set(rows.keys())
  const mask = batch.mask.map((row) => [...row])
  const cache = new KvCache()
  let ids = batch.ids
  let positions = positionsOf(mask)
  try {
    for (let step = 1; live.size > 0; step++) {
      options.signal?.throwIfAborted()
      const [scores, draws] = await nextScores(model, { ids, mask, positions, cache }, run)
      const vocabulary = scores.length / rows.length
      const chosen = rows.map((row, b) => {
        if (!live.has(b)) return 0
        const own = scores.subarray(b * vocabulary, (b + 1) * vocabulary)
        for (const filter of filters[b]!) filter(own, row)
        return draws ? sample(own, draws[b]!) : argmax(own)
      })
      for (const b of [...live]) {
        const id = chosen[b]!
        rows[b]!.push(id)
        const finish = reason(run, b, id, step === maxNewTokens)
        if (finish) live.delete(b)
        yield { row: b, id, finish }
      }
      // Finished rows go on with a token that nobody reads: rows do not look at each other.
      ids = chosen.map((id) => [id])
      positions = positions.map((row) => [row.at(-1)! + 1])
      mask.forEach((row) => row.push(1))
    }
  } finally {
    cache.dispose()
  }
}

interface Step {
  ids: number[][]
  mask: number[][]
  positions: number[][]
  cache: KvCache
}

// Scores (B · V) of the next token and, for sampling, a uniform number for each row.
async function nextScores(model: GenerativeModel, step: Step, run: Run): Promise<[Float32Array, Float64Array | null]> {
  const [logits, uniform] = noGrad(() => scope(() => recordStep(model, step, run)))
  try {
    const scores = Float32Array.from((await logits.data()) as Float32Array)
    return [scores, uniform && ((await uniform.data()) as Float64Array)]
  } finally {
    logits.dispose()
    uniform?.dispose()
  }
}

function recordStep(model: GenerativeModel, step: Step, run: Run): [logits: Tensor, uniform: Tensor | null] {
  const { logits } = model.forward(step.ids, {
    attentionMask: step.mask,
    positionIds: step.positions,
    pastKeyValues: step.cache,
    logitsToKeep: 1,
  })
  if (!run.options.doSample) return [keep(logits), null]
  const uniform = withGenerator(run.generator, () => rand([step.ids.length], { dtype: 'f64' }))
  return [keep(logits), keep(uniform)]
}

function reason(run: Run, b: number, id: number, isLast: boolean): GeneratedToken['finish'] {
  const { rows, batch, options, eos } = run
  const row = rows[b]!
  if (eos.includes(id)) return 'eos'
  const fresh = row.length - batch.given[b]!.length
  const ends = (sequence: readonly number[]) =>
    sequence.length > 0 &&
    sequence.length <= fresh &&
    sequence.every((s, i) => row[row.length - sequence.length + i] === s)
  if (options.stopSequences?.some(ends) || options.stop?.(row, b)) return 'stop'
  return isLast ? 'length' : null
}

function eosTokens(given: number | readonly number[] | null | undefined): readonly number[] {
  if (given === null || given === undefined) return []
  return typeof given === 'number' ? [given] : given
}

function tooLong(owner: string, prompt: number, fresh: number, limit: number): OptionError {
  return new OptionError({
    what: `${owner}: prompt and new tokens are longer than the model can take`,
    expected: `at most ${limit} tokens together`,
    received: `${prompt} in the prompt and maxNewTokens ${fresh}`,
    fix: `shorten the prompt or set maxNewTokens to ${Math.max(1, limit - prompt)} or less`,
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
