import { beamSearch } from './beam-search.js'
import { decode } from './decode.js'
import type { Prompt } from './prompt.js'
import { prepare } from './run.js'
import type { GenerateOptions, GeneratedToken, GenerativeModel, Run } from './run.js'

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
export async function generate(
  model: GenerativeModel,
  prompt: Prompt,
  options: GenerateOptions & { returnDictInGenerate: true },
): Promise<GenerateOutput>
export async function generate(
  model: GenerativeModel,
  prompt: Prompt,
  options?: GenerateOptions & { returnDictInGenerate?: false },
): Promise<number[][]>
export async function generate(
  model: GenerativeModel,
  prompt: Prompt,
  options?: GenerateOptions,
): Promise<number[][] | GenerateOutput>
export async function generate(
  model: GenerativeModel,
  prompt: Prompt,
  options: GenerateOptions = {},
): Promise<number[][] | GenerateOutput> {
  const run = await prepare('generate', model, prompt, options)
  const output = await (run.beams === null ? decodeAll(model, run) : searchAll(model, run)).finally(run.release)
  if (options.padTokenId !== undefined) padRows(output.sequences, options.padTokenId)
  return options.returnDictInGenerate ? output : output.sequences
}

/**
 * Continues prompts and yields each token as it is chosen. Leaving the loop early frees the cache.
 * @example
 * for await (const { id } of model.stream([ids], { maxNewTokens: 200 })) process.stdout.write(decoder.push(id))
 * @throws as {@link generate}, and with beams, whose tokens are known only at the end
 */
export async function* stream(
  model: GenerativeModel,
  prompt: Prompt,
  options: GenerateOptions = {},
): AsyncGenerator<GeneratedToken, void, void> {
  const run = await prepare('stream', model, prompt, options)
  try {
    for await (const token of decode(model, run, promptRows(run))) {
      await options.onToken?.(token)
      yield token
    }
  } finally {
    run.release()
  }
}

async function decodeAll(model: GenerativeModel, run: Run): Promise<GenerateOutput> {
  const rows = promptRows(run)
  for await (const token of decode(model, run, rows)) await run.options.onToken?.(token)
  return { sequences: rows, sequencesScores: null }
}

async function searchAll(model: GenerativeModel, run: Run): Promise<GenerateOutput> {
  const { distinct, indices, kept } = distinctPrompts(model, run)
  const found = await beamSearch(model.ofRows?.(kept) ?? model, distinct)
  const best = indices.flatMap((index) => found[index]!)
  return { sequences: best.map(({ ids }) => [...ids]), sequencesScores: best.map(({ score }) => score) }
}

/** The run with each different prompt once, and the index of every prompt in it: a search of equal prompts gives equal results. */
function distinctPrompts({ rowKey }: GenerativeModel, run: Run): { distinct: Run; indices: number[]; kept: number[] } {
  const { batch, processors, options } = run
  const first = new Map<string, number>()
  const kept: number[] = []
  const indices = batch.given.map((ids, b) => {
    // A stop function gets the row and may depend on it.
    const own = `${ids.join()} ${batch.padding[b]} ${batch.mask[b]!.join('')} ${rowKey?.(b) ?? ''}`
    const key = options.stop ? String(b) : own
    const known = first.get(key)
    if (known !== undefined) return known
    first.set(key, kept.length)
    return kept.push(b) - 1
  })
  if (kept.length === indices.length) return { distinct: run, indices, kept }
  const some = <T>(rows: readonly T[]): T[] => kept.map((b) => rows[b]!)
  const fewer = {
    given: some(batch.given),
    ids: some(batch.ids),
    mask: some(batch.mask),
    padding: some(batch.padding),
  }
  return { distinct: { ...run, batch: fewer, processors: some(processors) }, indices, kept }
}

function promptRows({ batch, returned }: Run): number[][] {
  return batch.given.flatMap((row) => Array.from({ length: returned }, () => [...row]))
}

function padRows(rows: readonly number[][], padTokenId: number): void {
  const width = Math.max(...rows.map((row) => row.length))
  for (const row of rows) while (row.length < width) row.push(padTokenId)
}
