// Which tokens of a padded batch are computed, and their layout without the others: the tokens of all sequences in a batch of one, called packed rows.
import * as ops from '../../generated/ops.js'
import { tensor, zeros } from '../../tensor/make.js'
import { bad } from '../../runtime/options.js'
import { isGradEnabled } from '../../tensor/scope.js'
import { Tensor } from '../../tensor/tensor.js'
import { knownRows, rowLength } from '../../generation/ids.js'
import type { Ids } from '../../generation/ids.js'

/**
 * Which outputs the caller of a decoder reads: those that the mask keeps, all including padding, those at flat positions b·T + t, or the `last` ones of each
 * sequence. Tokens that no such output depends on need not be computed; lists of positions are used only while gradients are recorded.
 */
export type Reads = 'unmasked' | 'all' | readonly number[] | { last: number }

/** How many last outputs of each sequence are read; null for all. */
export function lastRead(reads: Reads): number | null {
  return typeof reads === 'object' && 'last' in reads ? reads.last : null
}

/** Padding below this share of a batch is computed: skipping it costs about as much. */
const WORTH_SKIPPING = 1 / 16
/** Unread tokens below this share are computed: reading their outputs later would take another forward. */
const WORTH_DROPPING = 1 / 8

/** A batch (B, T) without the tokens that are not needed: N rows in a batch of one. */
export class Packing {
  constructor(
    private readonly batch: number,
    private readonly length: number,
    /** Flat position b·T + t of each row; ascending. */
    private readonly positions: Int32Array,
    /** The first row of each sequence, then N. */
    readonly starts: readonly number[],
    /** Whether every token that the mask keeps is included. */
    readonly isWhole: boolean,
  ) {}

  /** Tokens of a row of the batch, padding and those that are not needed included. */
  get width(): number {
    return this.length
  }

  /** One more than the largest offset of a token in its sequence. */
  get extent(): number {
    return this.positions.reduce((most, position) => Math.max(most, (position % this.length) + 1), 0)
  }

  /** How many tokens of each row of the batch are included. */
  get counts(): number[] {
    const counts = Array.from({ length: this.batch }, () => 0)
    for (const position of this.positions) counts[Math.floor(position / this.length)]! += 1
    return counts
  }

  /** Whether every row of the batch has a token: sequence b is then row b. */
  get hasEverySequence(): boolean {
    return this.starts.length === this.batch + 1
  }

  /** Whether skipped padding lies between tokens of a sequence. */
  get hasGaps(): boolean {
    const { starts, positions } = this
    return positions.some((position, n) => n > 0 && position !== positions[n - 1]! + 1 && !starts.includes(n))
  }

  /** The ids of the rows, (1, N). Ids that all sequences share, (1, T), apply to each of them. */
  take(owner: string, name: string, ids: Ids): Ids {
    const shape = ids instanceof Tensor ? ids.shape : [ids.length, rowLength(owner, name, ids)]
    const [rows, T] = shape as [number, number]
    if (shape.length !== 2 || T !== this.length || (rows !== this.batch && rows !== 1)) {
      throw bad(owner, name, `(${this.batch}, ${this.length}), as the input`, ids instanceof Tensor ? ids : shape)
    }
    const source = (position: number) => (rows === 1 ? position % T : position)
    if (ids instanceof Tensor) {
      const index = tensor(this.positions.map(source), { dtype: 'i64' })
      return ids.reshape([1, rows * T]).indexSelect(1, index)
    }
    return [Array.from(this.positions, (position) => ids[Math.floor(source(position) / T)]![position % T]!)]
  }

  /** The offset of each row's token in its sequence, (1, N). */
  offsets(): number[][] {
    return [Array.from(this.positions, (position) => position % this.length)]
  }

  /** The offset of each row's token from the first included token of its sequence, (1, N). */
  offsetsFromFirst(): number[][] {
    const [offsets] = this.offsets() as [number[]]
    for (const [s, from] of this.starts.slice(0, -1).entries()) {
      const first = offsets[from]!
      for (let row = from; row < this.starts[s + 1]!; row++) offsets[row]! -= first
    }
    return [offsets]
  }

  /** The labels of the tokens `shift` after those of the rows, (1, N); −100 where there is none. */
  labels(labels: readonly (readonly number[])[], shift: number): number[][] {
    const T = this.length
    return [Array.from(this.positions, (position) => labels[Math.floor(position / T)]![(position % T) + shift] ?? -100)]
  }

  /** Rows (1, N, C) at their positions in (B, T, C), with zeros for skipped tokens. */
  spread(rows: Tensor): Tensor {
    const [, N = 0, C = 0] = rows.shape
    const [B, T] = [this.batch, this.length]
    const index = tensor(this.positions, { dtype: 'i64' })
    const all = ops.indexAdd(zeros([B * T, C], { dtype: rows.dtype }), index, rows.reshape([N, C]), 0)
    return all.reshape([B, T, C])
  }
}

/** B and T of a batch. */
export function sizeOf(owner: string, inputIds: Ids): readonly [B: number, T: number] {
  if (!(inputIds instanceof Tensor)) {
    const T = rowLength(owner, 'inputIds', inputIds)
    return [inputIds.length, T]
  }
  const [B = 0, T = 0] = inputIds.shape
  return [B, T]
}

/**
 * The rows to compute, or null for the whole batch: where little can be skipped, where values are not known here, and where padding is
 * read.
 * @throws {OptionError} for a mask that does not fit the input.
 */
export function packingOf(owner: string, inputIds: Ids, mask: Ids | null | undefined, reads: Reads): Packing | null {
  checkReads(owner, reads)
  if (reads === 'all') return null
  const kept = mask ? knownRows(mask) : null
  if (mask && kept === null) return null
  const positions = typeof reads === 'object' && !('last' in reads) ? reads : null
  if ((kept === null && positions === null) || positions?.length === 0) return null
  const [B, T] = sizeOf(owner, inputIds)
  if (kept !== null && (rowLength(owner, 'attentionMask', kept) !== T || kept.length !== B)) {
    throw bad(owner, 'attentionMask', `a mask (${B}, ${T}), as the input`, [kept.length, kept[0]?.length])
  }
  const whole = new Int32Array(B).fill(T)
  if (positions === null) return collect(B, T, kept, whole)
  const ends = endsOf(B, T, positions, kept)
  if (ends === null) return null
  // Where no gradients are recorded, as in an evaluation, logits are likely to be read besides the loss.
  const [needed, unmasked] = [countTo(ends, kept), countTo(whole, kept)]
  const drops = isGradEnabled() && needed < (1 - WORTH_DROPPING) * unmasked
  return collect(B, T, kept, drops ? ends : whole)
}

/** Tokens that the mask keeps, up to an end in each row. */
function countTo(ends: Int32Array, kept: MaskRows): number {
  let n = 0
  for (const [b, end] of ends.entries()) {
    if (kept === null) n += end
    else for (let t = 0; t < end; t++) if (kept[b]![t] !== 0) n += 1
  }
  return n
}

/** How many tokens of each sequence the outputs that are read depend on; null when one of them is padding. */
function endsOf(B: number, T: number, reads: readonly number[], kept: MaskRows): Int32Array | null {
  const ends = new Int32Array(B)
  for (const position of reads) {
    const [b, t] = [Math.floor(position / T), position % T]
    if (kept !== null && kept[b]![t] === 0) return null
    ends[b] = Math.max(ends[b]!, t + 1)
  }
  return ends
}

type MaskRows = readonly (readonly number[])[] | null

function collect(B: number, T: number, kept: MaskRows, ends: Int32Array): Packing | null {
  const positions = new Int32Array(B * T)
  const starts = [0]
  let n = 0
  let isWhole = true
  for (let b = 0; b < B; b++) {
    for (let t = 0; t < T; t++) {
      if (kept !== null && kept[b]![t] === 0) continue
      if (t < ends[b]!) positions[n++] = b * T + t
      else isWhole = false
    }
    if (n > starts.at(-1)!) starts.push(n)
  }
  if (n === 0 || n > (1 - WORTH_SKIPPING) * B * T) return null
  return new Packing(B, T, positions.slice(0, n), starts, isWhole)
}

/** @throws {OptionError} for anything that names no outputs. */
function checkReads(owner: string, reads: unknown): void {
  if (reads === 'unmasked' || reads === 'all') return
  if (Array.isArray(reads) && reads.every((position) => Number.isInteger(position))) return
  if (typeof reads === 'object' && reads !== null && 'last' in reads && Number.isInteger(reads.last)) return
  throw bad(owner, 'reads', "'unmasked', 'all', a list of positions, or { last: n }", reads)
}
