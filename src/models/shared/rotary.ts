// Rotary positions (Su et al. 2021): the frequencies of a configuration, and the tables of the angles' cosines and sines.
import { OptionError, UnsupportedError } from '../../errors.js'
import * as ops from '../../generated/ops.js'
import { arange, cat, tensor } from '../../tensor/make.js'
import { bad, checkChoice, checkNumber, show } from '../../runtime/options.js'
import { keep, noGrad } from '../../tensor/scope.js'
import { Tensor } from '../../tensor/tensor.js'
import type { Dtype } from '../../tensor/tensor.js'
import { idsTensor, knownRows } from '../../generation/ids.js'
import type { Ids } from '../../generation/ids.js'

/** Rotary positions as `config.json` gives them. */
export interface RopeParameters {
  /** `default`, `linear`, `llama3` or `longrope`, which is also called `su`; old files call the field `type`. @default 'default' */
  rope_type?: string
  type?: string
  /** Base of the frequencies. @default the configuration's `rope_theta`, else 10000 */
  rope_theta?: number
  /** The factor by which sequences get longer: `linear`, `llama3`. */
  factor?: number
  /** Wavelengths above original / this are stretched by `factor`: `llama3`. */
  low_freq_factor?: number
  /** Wavelengths below original / this are unchanged: `llama3`. */
  high_freq_factor?: number
  /** Longest sequence before the scaling: `llama3`, `longrope`. @default for `longrope` that of the configuration itself */
  original_max_position_embeddings?: number
  /** Divisor of each frequency in sequences up to the original length, (D/2): `longrope`. */
  short_factor?: number[]
  /** Divisor of each frequency in longer sequences, (D/2): `longrope`. */
  long_factor?: number[]
  /** Factor of cosines and sines: `longrope`. @default √(1 + ln factor / ln original), where factor is that of the length */
  attention_factor?: number
  /** Share of the features of a head that are rotated, the first ones; other than 1 in Phi-3's family only. @default 1 */
  partial_rotary_factor?: number
  [other: string]: unknown
}

/** What decides the frequencies. */
export interface RotaryConfig {
  head_dim: number
  rope_parameters?: RopeParameters | null
  rope_scaling?: RopeParameters | null
  rope_theta?: number
  [other: string]: unknown
}

const TYPES = ['default', 'linear', 'llama3', 'longrope'] as const

/** How heads are rotated by position. */
interface Turning {
  /** The angle of each pair of features from one position to the next, (D/2). */
  readonly frequencies: Float32Array
  /** Those of sequences longer than `original` tokens; null where they are the same. */
  readonly long: { readonly frequencies: Float32Array; readonly original: number } | null
  /** Factor of cosines and sines. */
  readonly scale: number
}

/**
 * The angle by which each pair of features is rotated from one position to the next, (D/2), or fewer where only some are rotated (`partial`), in f32 as
 * transformers computes it: `theta^(−2i/D)`; `linear` divides all by `factor`; `llama3` divides those of long waves, keeps those of short ones, and
 * interpolates between `original / low_freq_factor` and `original / high_freq_factor`; `longrope` divides each by a factor of its own (Ding et
 * al. 2024), here by those for short sequences.
 * @throws {OptionError} for a value that is missing or out of range. @throws {UnsupportedError} for another kind of scaling.
 */
export function rotaryFrequencies(owner: string, config: RotaryConfig, partial = false): Float32Array {
  return rotaryTurning(owner, config, partial).frequencies
}

function rotaryTurning(owner: string, config: RotaryConfig, partial: boolean): Turning {
  const { type, theta, given, share } = read(owner, config, partial)
  const D = turningFeatures(owner, config.head_dim, share)
  const plain = Float32Array.from({ length: D / 2 }, (_, i) => theta ** ((-2 * i) / D))
  if (type === 'longrope') return longRope(owner, config, given, plain)
  return { frequencies: type === 'default' ? plain : stretched(owner, type, given, plain), long: null, scale: 1 }
}

function longRope(owner: string, config: RotaryConfig, given: RopeParameters, plain: Float32Array): Turning {
  const divided = (field: 'short_factor' | 'long_factor') => {
    const factors: unknown = given[field]
    if (!Array.isArray(factors) || factors.length !== plain.length)
      throw bad(owner, field, `a list of ${plain.length} numbers, one for each pair of features`, factors)
    return plain.map((angle, i) => angle / checkNumber(owner, `${field}[${i}]`, factors[i], 0, true))
  }
  const before = given.original_max_position_embeddings ?? config['original_max_position_embeddings']
  const original = checkNumber(owner, 'original_max_position_embeddings', before, 2)
  const longest = given.factor ?? Number(config['max_position_embeddings']) / original
  const factor = checkNumber(owner, 'factor of the rotary scaling', longest, 0, true)
  const scale = given.attention_factor ?? (factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(original)))
  return {
    frequencies: divided('short_factor'),
    long: { frequencies: divided('long_factor'), original },
    scale: checkNumber(owner, 'attention_factor', scale, 0, true),
  }
}

function stretched(owner: string, type: 'linear' | 'llama3', given: RopeParameters, plain: Float32Array): Float32Array {
  const factor = checkNumber(owner, 'factor of the rotary scaling', given.factor, 0, true)
  if (type === 'linear') return plain.map((angle) => angle / factor)
  const low = checkNumber(owner, 'low_freq_factor', given.low_freq_factor, 0, true)
  const high = checkNumber(owner, 'high_freq_factor', given.high_freq_factor, 0, true)
  const original = checkNumber(owner, 'original_max_position_embeddings', given.original_max_position_embeddings, 1)
  if (high <= low) throw bad(owner, 'high_freq_factor', `a number above low_freq_factor = ${low}`, high)
  return plain.map((angle) => {
    const turns = (original * angle) / (2 * Math.PI) // within the original length
    const kept = Math.min(1, Math.max(0, (turns - low) / (high - low)))
    return kept * angle + ((1 - kept) * angle) / factor
  })
}

function turningFeatures(owner: string, headDim: number, share: number): number {
  const D = Math.floor(headDim * share)
  if (D >= 2 && D % 2 === 0) return D
  throw bad(
    owner,
    'partial_rotary_factor',
    `a share of head_dim = ${headDim} that is an even number of features`,
    share,
  )
}

function read(
  owner: string,
  config: RotaryConfig,
  allowsPartial: boolean,
): { type: (typeof TYPES)[number]; theta: number; given: RopeParameters; share: number } {
  const given = config.rope_scaling ?? config.rope_parameters ?? {}
  if (typeof given !== 'object') throw bad(owner, 'rope_parameters', 'an object', given)
  const named = given.rope_type ?? given.type ?? 'default'
  const name = named === 'su' ? 'longrope' : named
  if (KNOWN_ELSEWHERE.includes(name))
    throw unsupported(owner, `rope_type ${show(name)}`, `rope_type ${TYPES.join(', ')}`)
  const share = given.partial_rotary_factor ?? config['partial_rotary_factor'] ?? 1
  if (share !== 1 && !allowsPartial)
    throw unsupported(owner, `partial_rotary_factor ${show(share)}`, 'heads that turn as a whole')
  const factor = checkNumber(owner, 'partial_rotary_factor', share, 0, true)
  if (factor > 1) throw bad(owner, 'partial_rotary_factor', 'at most 1', factor)
  const theta = checkNumber(owner, 'rope_theta', given.rope_theta ?? config.rope_theta ?? 10000, 0, true)
  return { type: checkChoice(owner, 'rope_type', name, TYPES), theta, given, share: factor }
}

/** Kinds of transformers that are not supported here. */
const KNOWN_ELSEWHERE: readonly unknown[] = ['dynamic', 'yarn', 'proportional']

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
  tokens: number
  positionIds?: Ids | null | undefined
  dtype: Dtype
}

/** Tables for all positions so far; they grow with longer sequences and serve every block. */
export class RotaryTables {
  private readonly turning: Turning
  /** For long sequences (true) and others. */
  private readonly tables = new Map<boolean, { cos: Tensor; sin: Tensor }>()

  constructor(owner: string, config: RotaryConfig, partial = false) {
    this.turning = rotaryTurning(owner, config, partial)
  }

  /** The rows for `tokens` tokens after `past` others, or for given positions; in the dtype of the heads. */
  rotation(owner: string, { past, tokens, positionIds, dtype }: TokenRange): Rotation {
    if (positionIds) {
      const positions = idsTensor(owner, 'positionIds', positionIds)
      const rows = positionIds instanceof Tensor ? null : positionIds
      const extent = rows && extentOf(owner, rows)
      const isLong = this.isLong(owner, past, extent ?? this.knownExtent(owner, positionIds))
      // A longer table costs more than the angles of these tokens alone.
      const last = extent === null ? Infinity : extent.end
      return last <= 2 ** 16
        ? { ...this.upTo(last, dtype, isLong), rows: positions }
        : this.anywhere(positions, dtype, isLong)
    }
    const isLong = this.isLong(owner, past, { begin: past, end: past + tokens })
    const { cos, sin } = this.upTo(past + tokens, dtype, isLong)
    if (past === 0) return { cos, sin, rows: null }
    return { cos: cos.narrow(0, past, tokens), sin: sin.narrow(0, past, tokens), rows: null }
  }

  /** Whether a sequence counts as long. Heads of tokens in the cache have been rotated for a short one, so it cannot become long. */
  private isLong(owner: string, past: number, { begin, end }: Extent): boolean {
    const { long } = this.turning
    if (long === null || end <= long.original) return false
    if (past > 0 && begin <= long.original) throw grownLong(owner, long.original, end)
    return true
  }

  /** The extent of positions in a tensor, if it matters. */
  private knownExtent(owner: string, positionIds: Ids): Extent {
    if (this.turning.long === null) return { begin: 0, end: 0 }
    const rows = knownRows(positionIds)
    if (rows !== null) return extentOf(owner, rows)
    const expected = 'rows of numbers: how long the sequence is decides how heads turn (longrope)'
    throw bad(owner, 'positionIds', expected, positionIds)
  }

  private frequencies(isLong: boolean): Float32Array {
    const { frequencies, long } = this.turning
    return isLong ? long!.frequencies : frequencies
  }

  /** Positions whose values may not be known here: a row of angles for each token. */
  private anywhere(positions: Tensor, dtype: Dtype, isLong: boolean): Rotation {
    return noGrad(() => {
      const [B = 0, T = 0] = positions.shape
      const angles = positions
        .to('f32')
        .reshape([B * T, 1])
        .mul(tensor(this.frequencies(isLong))) // (B·T, D/2)
      const rows = arange(0, B * T, 1, { dtype: 'i64' }).reshape([B, T])
      const { scale } = this.turning
      const scaled = (x: Tensor) => (scale === 1 ? x : x.mul(scale)).to(dtype)
      return { cos: scaled(angles.cos()), sin: scaled(angles.sin()), rows }
    })
  }

  private upTo(count: number, dtype: Dtype, isLong: boolean): { cos: Tensor; sin: Tensor } {
    const old = this.tables.get(isLong)
    if (old !== undefined && old.cos.shape[0]! >= count && old.cos.dtype === dtype) return old
    const rows = Math.max(256, 2 ** Math.ceil(Math.log2(count)))
    const [frequencies, { scale }] = [this.frequencies(isLong), this.turning]
    const half = frequencies.length
    const [cos, sin] = [new Float32Array(rows * half), new Float32Array(rows * half)]
    for (let position = 0; position < rows; position++) {
      for (let i = 0; i < half; i++) {
        const angle = Math.fround(position * frequencies[i]!)
        cos[position * half + i] = scale * Math.cos(angle)
        sin[position * half + i] = scale * Math.sin(angle)
      }
    }
    const made = (values: Float32Array) => keep(noGrad(() => tensor(values, { shape: [rows, half] }).to(dtype)))
    const tables = { cos: made(cos), sin: made(sin) }
    this.tables.set(isLong, tables)
    return tables
  }
}

/** The positions of new tokens. */
interface Extent {
  /** The largest position with which a row begins. */
  begin: number
  /** One more than the largest. */
  end: number
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

function unsupported(owner: string, received: string, expected: string): UnsupportedError {
  return new UnsupportedError({
    what: `${owner}: these rotary positions are not supported`,
    expected,
    received,
    fix: 'use a checkpoint of a supported kind',
  })
}
