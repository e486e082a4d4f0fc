// What every encoder takes and gives.
import { tensor } from '../make.js'
import { bad, show } from '../nn/options.js'
import { Tensor } from '../tensor.js'
import { idsScratch, idsTensor, knownRows, padsBehind, rowLength } from './ids.js'
import type { Ids } from './ids.js'
import { packingOf } from './packing.js'
import type { Packing } from './packing.js'

/** Options of an encoder's forward. */
export interface EncoderOptions {
  /**
   * 1 for tokens, 0 for padding, (B, T). Rows of numbers, and tensors made of them, are looked at on the spot: a mask of ones costs nothing, and padding
   * behind the tokens is not computed; hidden states hold zeros there. @default all 1
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

/**
 * Which keys attention may look at: a mask (B, 1, 1, T) bool, or how many at the start of each row, (B) i64, or those of a query's own sequence, which begin
 * at `starts`, in a batch without padding.
 */
export interface KeyMask {
  mask: Tensor | null
  lengths: Tensor | null
  starts: readonly number[] | null
}

/**
 * Reads an attention mask for attention in both directions.
 * @throws {OptionError} when it is not `rows` by `width`.
 */
export function keyMask(owner: string, mask: Ids | null | undefined, rows: number, width: number): KeyMask {
  const all = { mask: null, lengths: null, starts: null }
  if (mask === null || mask === undefined) return all
  checkSize(owner, 'attentionMask', mask, rows, width)
  const known = knownRows(mask)
  if (known?.every((row) => row.every(isFlag)) && padsBehind(known))
    return { ...all, lengths: lengthsOf(known, width) }
  const on = idsTensor(owner, 'attentionMask', mask).ne(0)
  return { ...all, mask: on.reshape([rows, 1, 1, width]) }
}

/**
 * The tokens to compute of a batch with padding, or null for all: where the mask is known to the engine only, keeps nearly all, or leaves out a first token,
 * which heads read.
 */
export function encoderPacking(owner: string, inputIds: Ids, mask: Ids | null | undefined): Packing | null {
  const packing = packingOf(owner, inputIds, mask, 'unmasked')
  return packing?.hasEveryFirst ? packing : null
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
