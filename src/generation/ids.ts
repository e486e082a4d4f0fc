// Token ids, masks and labels: as passed by callers, and as tensors.
import { IndexError } from '../errors.js'
import type { OptionError } from '../errors.js'
import { tensor } from '../tensor/make.js'
import { bad } from '../runtime/options.js'
import { rowsOfTensor } from '../tensor/host-rows.js'
import { Scratch } from '../native/scratch.js'
import { Tensor } from '../tensor/tensor.js'

/** Token ids, masks or labels: an i64 tensor (B, T), or rows of numbers of one length. */
export type Ids = Tensor | readonly (readonly number[])[]

/** Ids as a tensor (B, T) i64. Numbers are checked against the rows of the `table` at once; the values of a tensor are checked only when it is used. */
export function idsTensor(owner: string, name: string, ids: Ids, table?: number): Tensor {
  if (ids instanceof Tensor) {
    if (ids.ndim === 2) return ids
    throw bad(owner, name, 'a tensor (B, T)', ids, ids.ndim === 1 ? `pass ${name}.unsqueeze(0)` : undefined)
  }
  const width = rowLength(owner, name, ids)
  const flat = idsScratch.take(ids.length * width)
  let n = 0
  for (const row of ids) for (let t = 0; t < width; t++) flat[n++] = wholeNumber(owner, name, row[t]!)
  if (table !== undefined) checkInTable(owner, name, flat.subarray(0, n), table)
  return tensor(flat.subarray(0, n), { shape: [ids.length, width], dtype: 'i64' })
}

/** The values of ids, where they are known here: rows of numbers, and tensors made from numbers. */
export function knownRows(ids: Ids): readonly (readonly number[])[] | null {
  return ids instanceof Tensor ? rowsOfTensor(ids) : ids
}

/** Checks rows of ids against the rows of a `table`. @throws {OptionError} for a number that is not whole. @throws {IndexError} for one outside of the table. */
export function checkIds(owner: string, name: string, rows: readonly (readonly number[])[], table: number): void {
  for (const row of rows) for (const id of row) checkId(owner, name, wholeNumber(owner, name, id), table)
}

/** The common length of all rows. @throws {OptionError} for ragged rows, and for what is no rows. */
export function rowLength(owner: string, name: string, rows: readonly (readonly number[])[]): number {
  if (!Array.isArray(rows) || !rows.every(isRow)) throw notRows(owner, name, rows)
  const width = rows[0]?.length
  if (width === undefined || rows.some((row) => row.length !== width)) {
    const lengths = rows.slice(0, 8).map((row) => row.length)
    throw bad(owner, name, 'rows of one length', lengths, 'pad the rows and pass an attentionMask')
  }
  return width
}

/** A list of numbers, as an array or as a tokenizer gives it. */
export function isRow(row: unknown): row is readonly number[] {
  return Array.isArray(row) || (ArrayBuffer.isView(row) && !(row instanceof DataView))
}

/** What to write in place of a text, or of an object of several inputs. */
export function idsFix(name: string, ids: unknown): string | undefined {
  if (typeof ids === 'string') return `encode the text first: pass [tokenizer.encode(text)] as ${name}`
  if (Array.isArray(ids) && ids.some((row) => typeof row === 'string'))
    return 'encode the texts first: tokenizer.batchEncodePlus(texts, { padding: true }) gives inputIds and attentionMask'
  if (isRow(ids) && ids.every((id) => typeof id === 'number')) return 'pass one row as [ids]'
  if (typeof ids === 'object' && ids !== null && 'inputIds' in ids)
    return 'pass its inputIds, and its attentionMask among the options'
  return undefined
}

function notRows(owner: string, name: string, ids: unknown): OptionError {
  return bad(owner, name, 'a tensor (B, T), or rows of numbers', ids, idsFix(name, ids))
}

/** Scratch memory for numbers that become tensors at once. */
export const idsScratch = new Scratch((length) => new Float64Array(length))

/** @throws {OptionError} for a number that is not a safe integer. */
export function wholeNumber(owner: string, name: string, id: number): number {
  if (!Number.isSafeInteger(id)) throw bad(owner, name, 'whole numbers', id)
  return id
}

function checkInTable(owner: string, name: string, ids: Float64Array, table: number): void {
  for (const id of ids) checkId(owner, name, id, table)
}

function checkId(owner: string, name: string, id: number, table: number): void {
  if (id >= 0 && id < table) return
  throw new IndexError({
    what: `${owner}: ${name} contains an id outside of the vocabulary`,
    expected: `ids from 0 to ${table - 1}`,
    received: String(id),
    fix: 'check that the tokenizer belongs to this model; only labels may contain -100',
  })
}

/** Whether a mask pads on the right only: zeros after the ones in each row. */
export function padsBehind(mask: readonly (readonly number[])[]): boolean {
  return mask.every((row) => row.every((on, t) => on >= (row[t + 1] ?? 0)))
}
