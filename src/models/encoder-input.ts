// What every encoder takes and gives.
import { tensor } from '../make.js'
import { bad, show } from '../nn/options.js'
import { Tensor } from '../tensor.js'
import { idsScratch, idsTensor, rowLength } from './ids.js'
import type { Ids } from './ids.js'

/** Options of an encoder's forward. */
export interface EncoderOptions {
  /**
   * 1 for tokens, 0 for padding, (B, T). Rows of numbers are looked at on the spot: a mask of ones costs nothing, and one that pads on
   * the right makes attention shorter. @default all 1
   */
  attentionMask?: Ids | null
  /** Kind of each token, (B, T): first or second sentence, in models trained so. @default all 0 */
  tokenTypeIds?: Ids | null
  /** Position of each token, (B, T). @default as the architecture counts */
  positionIds?: Ids | null
  /** Return the embeddings and the output of every layer. @default false */
  outputHiddenStates?: boolean
}

/** Option names of an encoder's forward. */
export const ENCODER_KEYS = ['attentionMask', 'tokenTypeIds', 'positionIds', 'outputHiddenStates'] as const

/** What an encoder without a head returns. */
export interface EncoderOutput {
  /** Output of the last layer, (B, T, C); (B, n, C) with `positionsToKeep` n. */
  lastHiddenState: Tensor
  /** The pooled first token, (B, C); null in a model without pooler. */
  poolerOutput: Tensor | null
  /** Embeddings, then the output of each layer; null unless asked for. */
  hiddenStates: Tensor[] | null
}

/** Which keys attention may look at: a mask (B, 1, 1, T) bool, or how many at the start of each row, (B) i64. */
export interface KeyMask {
  mask: Tensor | null
  lengths: Tensor | null
}

/**
 * Reads an attention mask for attention in both directions.
 * @throws {OptionError} when it is not `rows` by `width`.
 */
export function keyMask(owner: string, mask: Ids | null | undefined, rows: number, width: number): KeyMask {
  if (mask === null || mask === undefined) return { mask: null, lengths: null }
  checkSize(owner, 'attentionMask', mask, rows, width)
  if (!(mask instanceof Tensor) && mask.every((row) => row.every((on, t) => isFlag(on) && on >= (row[t + 1] ?? 0))))
    return { mask: null, lengths: lengthsOf(mask, width) }
  const on = idsTensor(owner, 'attentionMask', mask).ne(0)
  return { mask: on.reshape([rows, 1, 1, width]), lengths: null }
}

/** @throws {OptionError} when ids are not `rows` by `width`. */
export function checkSize(owner: string, name: string, ids: Ids, rows: number, width: number): void {
  const given = ids instanceof Tensor ? ids.shape : [ids.length, rowLength(owner, name, ids)]
  if (given.length === 2 && given[0] === rows && given[1] === width) return
  throw bad(owner, name, `(${rows}, ${width}), as inputIds`, show(given))
}

/** Null when all tokens count. */
function lengthsOf(mask: readonly (readonly number[])[], width: number): Tensor | null {
  const lengths = idsScratch.take(mask.length).subarray(0, mask.length)
  for (const [b, row] of mask.entries()) lengths[b] = row.filter(Boolean).length
  return lengths.every((length) => length === width) ? null : tensor(lengths, { dtype: 'i64' })
}

function isFlag(on: number): boolean {
  return on === 0 || on === 1
}
