import { tensor } from '../tensor/make.js'
import { bad, checkInteger } from '../runtime/options.js'
import { idsFix, isRow } from './ids.js'
import { Tensor } from '../tensor/tensor.js'

/** Token ids to continue: one row, rows of any lengths, or an i64 tensor (T) or (B, T). */
export type Prompt = readonly number[] | readonly (readonly number[])[] | Tensor

/** Prompts of one length, padded on the left so that all rows end together. */
export interface Batch {
  /** The rows as given: the beginning of the result, and the input of the processors. */
  readonly given: number[][]
  /** (B, T), padded. */
  readonly ids: number[][]
  /** 1 for tokens, 0 for padding. */
  readonly mask: number[][]
  /** Padding on the left of each row as given. */
  readonly padding: number[]
}

/**
 * Reads prompts and pads them on the left.
 * @throws {OptionError} for empty prompts and for a mask that does not fit.
 */
export async function readPrompt(
  owner: string,
  prompt: Prompt,
  mask: readonly (readonly number[])[] | undefined,
): Promise<Batch> {
  const given = await rows(owner, prompt)
  if (given.length === 0) throw bad(owner, 'prompt', 'at least one token', prompt, 'begin with the BOS token')
  given.forEach((row) => {
    if (row.length === 0) throw bad(owner, 'prompt', 'rows of at least one token', row, 'begin with the BOS token')
    row.forEach((id) => checkInteger(owner, 'prompt', id, 0))
  })
  const marks = given.map((row, b) => checkMask(owner, row, mask?.[b]))
  const width = Math.max(...given.map((row) => row.length))
  const padded = (row: readonly number[]) => [...Array.from({ length: width - row.length }, () => 0), ...row]
  return { given, ids: given.map(padded), mask: marks.map(padded), padding: marks.map((row) => row.indexOf(1)) }
}

/** Positions that count from the first real token of each row; padding gets position 0. */
export function positionsOf(mask: readonly (readonly number[])[]): number[][] {
  return mask.map((row) => {
    let next = 0
    return row.map((on) => (on ? next++ : 0))
  })
}

/** Tokens of the longest prompt. */
export function longestPrompt({ mask }: Batch): number {
  return Math.max(...mask.map((row) => row.reduce((sum, on) => sum + on, 0)))
}

/** Whether a sequence of this length is the first for which the cache of a shorter one does not serve. */
export function outgrows(length: number, recomputeBeyond: number | null | undefined): boolean {
  return recomputeBeyond != null && length === recomputeBeyond + 1
}

/**
 * The attention mask of the prompts and of `fresh` tokens after them, (B, 1, 1, T + fresh) bool; null when there is no padding. One
 * mask serves every step: the cache hides tokens that do not exist yet.
 */
export function promptMask({ mask }: Batch, fresh: number): Tensor | null {
  if (mask.every((row) => row.every(Boolean))) return null
  const width = mask[0]!.length + fresh
  const flat = new Uint8Array(mask.length * width).fill(1)
  mask.forEach((row, b) => flat.set(row, b * width))
  return tensor(flat, { dtype: 'bool', shape: [mask.length, 1, 1, width] })
}

async function rows(owner: string, prompt: Prompt): Promise<number[][]> {
  // An i64 tensor may list its elements as numbers or bigints; ids fit a number either way.
  const list: unknown = prompt instanceof Tensor ? await prompt.tolist() : prompt
  if (!isRow(list)) {
    const fix =
      typeof prompt === 'string' ? 'encode the text first: pass tokenizer.encode(text)' : idsFix('prompt', prompt)
    throw bad(owner, 'prompt', 'token ids: a list of numbers, rows of them, or a tensor', prompt, fix)
  }
  const items = Array.from(list as ArrayLike<Nested>)
  return items.every(isRow)
    ? items.map((row) => Array.from(row as ArrayLike<number | bigint>, idOf))
    : [items.map((item) => idOf(item as number | bigint))]
}

/** A bigint as a number; what is no number stays as it is, and is refused. */
function idOf(id: number | bigint): number {
  return typeof id === 'bigint' ? Number(id) : id
}

type Nested = number | bigint | (number | bigint)[]

function checkMask(owner: string, row: number[], mask: readonly number[] | undefined): number[] {
  if (mask === undefined) return row.map(() => 1)
  if (mask.length !== row.length || !mask.some(Boolean)) {
    throw bad(owner, 'attentionMask', `${row.length} numbers 0 or 1, as the prompt, not all 0`, mask)
  }
  return mask.map((on) => (on ? 1 : 0))
}
