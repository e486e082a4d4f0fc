// Rotary positions (Su et al. 2021): the tables of the angles' cosines and sines, and the rotation of heads.
import { OptionError } from '../../errors.js'
import * as ops from '../../generated/ops.js'
import { arange, cat, tensor } from '../../tensor/make.js'
import { bad } from '../../runtime/options.js'
import { keep, noGrad } from '../../tensor/scope.js'
import { Tensor } from '../../tensor/tensor.js'
import type { Dtype } from '../../tensor/tensor.js'
import { idsTensor, knownRows } from '../../generation/ids.js'
import type { Ids } from '../../generation/ids.js'
import { rotaryTurning } from './rotary-frequencies.js'
import type { RotaryConfig, Turning } from './rotary-frequencies.js'

/** Rows of the tables for the tokens of one forward. */
export interface Rotation {
  /** (rows, D/2). */
  readonly cos: Tensor
  readonly sin: Tensor
  /** The row of each token, (B, T); null for row t at token t. */
  readonly rows: Tensor | null
}

/**
 * Rotates heads by the angles of their positions. Shapes: `x (B, T, H, D)` → the same. Pairs are (i, i + D/2), as in Hugging Face's Llama; where the tables
 * are for fewer features, only the first ones are rotated.
 */
export function rotate(x: Tensor, { cos, sin, rows }: Rotation): Tensor {
  const [D, turning] = [x.shape[3]!, 2 * cos.shape[1]!]
  if (turning === D) return ops.rope(x, cos, sin, rows, 1, false, false)
  const turned = ops.rope(x.narrow(3, 0, turning), cos, sin, rows, 1, false, false)
  return cat([turned, x.narrow(3, turning, D - turning)], 3)
}

/** The rows for the last `last` of T tokens, or for all of them. */
export function lastRotation({ cos, sin, rows }: Rotation, T: number, last: number | null): Rotation {
  if (last === null || last >= T) return { cos, sin, rows }
  if (rows !== null) return { cos, sin, rows: rows.narrow(1, T - last, last) }
  return { cos: cos.narrow(0, T - last, last), sin: sin.narrow(0, T - last, last), rows }
}

/** The tokens of a forward within their sequences. */
interface TokenRange {
  past: number
  /** New tokens that are computed. */
  tokens: number
  /** Their positions; null for those after `past`. */
  positionIds?: Ids | null | undefined
  /** What decides how long the sequences are. */
  extent: InputExtent
  dtype: Dtype
}

/** The input of a forward as a whole, tokens that are not computed included. */
export interface InputExtent {
  /** Tokens of a row, those in the cache included. */
  readonly width: number
  /** The positions of all new tokens; null for those after the cache. */
  readonly positionIds: Ids | null
  /** The length of the longest sequence, where the caller knows it: rows of it may have left the batch. */
  readonly longest: number | null
}

/** Tables for all positions so far; they grow with longer sequences and serve every block. */
export class RotaryTables {
  private readonly turning: Turning
  /** By their frequencies. */
  private readonly tables = new Map<Float32Array, { cos: Tensor; sin: Tensor }>()

  constructor(owner: string, config: RotaryConfig, partial = false) {
    this.turning = rotaryTurning(owner, config, partial)
  }

  /** The longest sequence whose heads turn by the first of two lists of frequencies; null where there is one list, or one for each length. */
  get originalLength(): number | null {
    const { long } = this.turning
    return long?.isFixed ? long.original : null
  }

  /** Whether the frequencies suit sequences of any length. */
  get isUnbounded(): boolean {
    return this.turning.long?.isFixed === false
  }

  /** The rows for the tokens of a forward, in the dtype of the heads. */
  rotation(owner: string, { past, tokens, positionIds, extent, dtype }: TokenRange): Rotation {
    const turn = this.turnFor(owner, past, extent)
    if (positionIds) {
      const positions = idsTensor(owner, 'positionIds', positionIds)
      const rows = positionIds instanceof Tensor ? null : positionIds
      // A longer table costs more than the angles of these tokens alone.
      const last = rows === null || !turn.isLasting ? Infinity : extentOf(owner, rows).end
      return last <= 2 ** 16
        ? { ...this.upTo(last, dtype, turn.frequencies), rows: positions }
        : this.anywhere(positions, dtype, turn.frequencies)
    }
    if (!turn.isLasting) return { ...this.table(past, tokens, dtype, turn.frequencies), rows: null }
    const { cos, sin } = this.upTo(past + tokens, dtype, turn.frequencies)
    if (past === 0) return { cos, sin, rows: null }
    return { cos: cos.narrow(0, past, tokens), sin: sin.narrow(0, past, tokens), rows: null }
  }

  /** The frequencies of sequences of this length, and whether other forwards will need them, too. */
  private turnFor(owner: string, past: number, extent: InputExtent): { frequencies: Float32Array; isLasting: boolean } {
    const { frequencies, long } = this.turning
    const short = { frequencies, isLasting: true }
    if (long === null) return short
    const { begin, end } = lengthOf(owner, past, extent)
    if (end <= long.original) return short
    // Heads of tokens in the cache have been rotated for a short sequence. A caller that gives the length takes care of them.
    if (long.isFixed && past > 0 && begin <= long.original && extent.longest === null)
      throw grownLong(owner, long.original, end)
    return { frequencies: long.of(end), isLasting: long.isFixed }
  }

  /** Positions whose values may not be known here: a row of angles for each token. */
  private anywhere(positions: Tensor, dtype: Dtype, frequencies: Float32Array): Rotation {
    return noGrad(() => {
      const [B = 0, T = 0] = positions.shape
      const angles = positions
        .to('f32')
        .reshape([B * T, 1])
        .mul(tensor(frequencies)) // (B·T, D/2)
      const rows = arange(0, B * T, 1, { dtype: 'i64' }).reshape([B, T])
      const { scale } = this.turning
      const scaled = (x: Tensor) => (scale === 1 ? x : x.mul(scale)).to(dtype)
      return { cos: scaled(angles.cos()), sin: scaled(angles.sin()), rows }
    })
  }

  private upTo(count: number, dtype: Dtype, frequencies: Float32Array): { cos: Tensor; sin: Tensor } {
    const old = this.tables.get(frequencies)
    if (old !== undefined && old.cos.shape[0]! >= count && old.cos.dtype === dtype) return old
    const rows = Math.max(256, 2 ** Math.ceil(Math.log2(count)))
    const { cos, sin } = this.table(0, rows, dtype, frequencies)
    const tables = { cos: keep(cos), sin: keep(sin) }
    this.tables.set(frequencies, tables)
    return tables
  }

  /** A table for `rows` positions from `first` on. */
  private table(first: number, rows: number, dtype: Dtype, frequencies: Float32Array): { cos: Tensor; sin: Tensor } {
    const half = frequencies.length
    const [cos, sin] = [new Float32Array(rows * half), new Float32Array(rows * half)]
    const { scale } = this.turning
    for (let row = 0; row < rows; row++) {
      for (let i = 0; i < half; i++) {
        const angle = Math.fround((first + row) * frequencies[i]!)
        cos[row * half + i] = scale * Math.cos(angle)
        sin[row * half + i] = scale * Math.sin(angle)
      }
    }
    const made = (values: Float32Array) => noGrad(() => tensor(values, { shape: [rows, half] }).to(dtype))
    return { cos: made(cos), sin: made(sin) }
  }
}

/** The positions of new tokens. */
interface Extent {
  /** The largest position with which a row begins. */
  begin: number
  /** One more than the largest. */
  end: number
}

/** The positions of the new tokens of a whole input. */
function lengthOf(owner: string, past: number, { width, positionIds, longest }: InputExtent): Extent {
  if (longest !== null) return { begin: past, end: longest }
  if (positionIds === null) return { begin: past, end: width }
  const rows = knownRows(positionIds)
  if (rows !== null) return extentOf(owner, rows)
  const expected = 'rows of numbers: how long the sequence is decides how heads turn (longrope, dynamic)'
  throw bad(owner, 'positionIds', expected, positionIds)
}

function extentOf(owner: string, positionIds: readonly (readonly number[])[]): Extent {
  const extent = { begin: 0, end: 1 }
  for (const row of positionIds) {
    for (const position of row) {
      if (position < 0) throw bad(owner, 'positionIds', 'numbers from 0 on', position)
      if (position >= extent.end) extent.end = position + 1
    }
    extent.begin = Math.max(extent.begin, row[0] ?? 0)
  }
  return extent
}

function grownLong(owner: string, original: number, end: number): OptionError {
  return new OptionError({
    what: `${owner}: the sequence grows beyond the length up to which heads are rotated by the angles in the cache (longrope)`,
    expected: `at most ${original} tokens, those in the cache included, or a first forward with more`,
    received: `${end} tokens`,
    fix: 'feed the whole sequence with a new cache',
  })
}
