// The input and output of every encoder.
import { arange, tensor } from '../../tensor/make.js'
import { bad, show } from '../../runtime/options.js'
import { noGrad } from '../../tensor/scope.js'
import { Tensor } from '../../tensor/tensor.js'
import { idsScratch, idsTensor, knownRows, padsBehind, rowLength } from '../../generation/ids.js'
import type { Ids } from '../../generation/ids.js'
import { packingOf } from './packing.js'
import type { Packing } from './packing.js'

/** Options of an encoder's forward. */
export interface EncoderOptions {
  /**
   * 1 for tokens, 0 for padding, (B, T). Rows of numbers, and tensors made from numbers, are read at once: a mask of ones costs nothing, and padding
   * after the tokens is not computed; hidden states are zeros there. @shallow @default all 1
   */
  attentionMask?: Ids | null
  /** Type of each token, (B, T): first or second sentence, in models trained with types. @shallow @default all 0 */
  tokenTypeIds?: Ids | null
  /** Position of each token, (B, T). @shallow @default as the architecture defines */
  positionIds?: Ids | null
  /** Return the embeddings and the output of every layer. @default false */
  outputHiddenStates?: boolean
}

/** The output of an encoder without a head. */
export interface EncoderOutput {
  /** Output of the last layer, (B, T, C); (B, n, C) with `positionsToKeep` n. */
  lastHiddenState: Tensor
  /** The pooled first token, (B, C); null in a model without a pooler. */
  poolerOutput: Tensor | null
  /** Embeddings, then the output of each layer; null unless asked for. */
  hiddenStates: Tensor[] | null
}

/**
 * The keys of attention: a mask (B, 1, 1, T) bool, or the number of keys at the start of each row, (B) i64, or, in a packed batch, the keys of a query's own
 * sequence, which begin at `starts`.
 */
export interface KeyMask {
  mask: Tensor | null
  lengths: Tensor | null
  starts: readonly number[] | null
  /** Flat index b·T + t of the first token of each row, (B) i64; null where t is 0 in all rows, and in a packed batch. */
  first: Tensor | null
}

/**
 * Reads an attention mask for attention in both directions.
 * @throws {OptionError} when it is not `rows` by `width`.
 */
export function keyMask(owner: string, mask: Ids | null | undefined, rows: number, width: number): KeyMask {
  const all = { mask: null, lengths: null, starts: null, first: null }
  if (mask === null || mask === undefined) return all
  checkSize(owner, 'attentionMask', mask, rows, width)
  const known = knownRows(mask)
  if (known?.every((row) => row.every(isFlag)) && padsBehind(known)) return { ...all, lengths: lengthsOf(known, width) }
  const on = idsTensor(owner, 'attentionMask', mask).ne(0)
  return { ...all, mask: on.reshape([rows, 1, 1, width]), first: firstOf(on, known) }
}

/** Flat index of each row's first token, (B) i64, or null when every row begins with it. For a row without tokens it is that of its first position. */
function firstOf(on: Tensor, known: readonly (readonly number[])[] | null): Tensor | null {
  const [B = 0, T = 0] = on.shape
  if (known === null) {
    const rows = arange(0, B * T, T, { dtype: 'i64' })
    return noGrad(() => on.to('f32').argmax(1).add(rows))
  }
  const firsts = known.map((row) =>
    Math.max(
      0,
      row.findIndex((flag) => flag !== 0),
    ),
  )
  if (firsts.every((t) => t === 0)) return null
  return tensor(
    Float64Array.from(firsts, (t, b) => b * T + t),
    { dtype: 'i64' },
  )
}

/**
 * The tokens to compute of a batch with padding, or null for all: where the values of the mask are not known here, where it keeps nearly all tokens, or where it
 * masks a whole row.
 */
export function encoderPacking(owner: string, inputIds: Ids, mask: Ids | null | undefined): Packing | null {
  const packing = packingOf(owner, inputIds, mask, 'unmasked')
  return packing?.hasEverySequence ? packing : null
}

/** The options with a mask whose values are not known when work is recorded: then padding is hidden from tokens and computed all the same. */
export function maskedOnly<Options extends EncoderOptions>(owner: string, options: Options): Options {
  const mask = idsTensor(owner, 'attentionMask', options.attentionMask!)
  return { ...options, attentionMask: noGrad(() => mask.clone()) }
}

/** The first token of each row, after padding on the left: `x (B, T, C)` → (B, 1, C). A single token is the first one. */
export function firstTokens(owner: string, x: Tensor, mask: Ids | null | undefined): Tensor {
  const [B = 0, T = 0] = x.shape
  return T === 1 ? x : pickFirst(x, keyMask(owner, mask, B, T))
}

/** The mean over the tokens that the mask keeps: `x (B, T, C)` → (B, C). A row without a token gives zeros. */
export function meanOfTokens(owner: string, x: Tensor, mask: Ids | null | undefined): Tensor {
  if (mask === null || mask === undefined) return x.mean(1)
  checkSize(owner, 'attentionMask', mask, x.shape[0]!, x.shape[1]!)
  const on = idsTensor(owner, 'attentionMask', mask).ne(0).to(x.dtype) // (B, T)
  return x.mul(on.unsqueeze(2)).sum(1).div(on.sum(1, true).clampMin(1))
}

/**
 * The first token of each row, `x (B, T, C)` → (B, 1, C), or of each sequence of a packed batch, (1, N, C) → (1, B, C).
 */
export function pickFirst(x: Tensor, { starts, first }: KeyMask): Tensor {
  const [B = 0, T = 0, C = 0] = x.shape
  if (starts !== null) return x.indexSelect(1, tensor(Float64Array.from(starts.slice(0, -1)), { dtype: 'i64' }))
  if (first === null) return x.narrow(1, 0, 1)
  return x
    .reshape([B * T, C])
    .indexSelect(0, first)
    .reshape([B, 1, C])
}

/**
 * Positions counted from the first token of a row, (B, T) i64 or one row for all; padding before it has position 0. So a token has the position that it has
 * without padding.
 */
export function positionsFromFirst(owner: string, mask: Ids | null | undefined, rows: number, width: number): Tensor {
  const plain = () => arange(0, width, 1, { dtype: 'i64' }).unsqueeze(0)
  if (mask === null || mask === undefined) return plain()
  checkSize(owner, 'attentionMask', mask, rows, width)
  const known = knownRows(mask)
  if (known === null) {
    const begun = noGrad(() => idsTensor(owner, 'attentionMask', mask).ne(0).cumsum(1).ne(0))
    return noGrad(() => begun.cumsum(1).sub(begun.to('i64')))
  }
  const before = known.map((row) =>
    Math.max(
      0,
      row.findIndex((flag) => flag !== 0),
    ),
  )
  if (before.every((n) => n === 0)) return plain()
  const positions = new Float64Array(rows * width)
  for (const [b, n] of before.entries()) for (let t = n; t < width; t++) positions[b * width + t] = t - n
  return tensor(positions, { shape: [rows, width], dtype: 'i64' })
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
