// Rotary positions (Su et al. 2021): the frequencies that a configuration means, and the tables of the angles' cosines and sines.
import { UnsupportedError } from '../errors.js'
import * as ops from '../generated/ops.js'
import { arange, tensor } from '../make.js'
import { bad, checkChoice, checkNumber, show } from '../nn/options.js'
import { keep, noGrad } from '../scope.js'
import { Tensor } from '../tensor.js'
import type { Dtype } from '../tensor.js'
import { idsTensor } from './ids.js'
import type { Ids } from './ids.js'

/** Rotary positions as `config.json` gives them. */
export interface RopeParameters {
  /** `default`, `linear` or `llama3`; old files call it `type`. @default 'default' */
  rope_type?: string
  type?: string
  /** Base of the frequencies. @default the configuration's `rope_theta`, else 10000 */
  rope_theta?: number
  /** How many times longer sequences get: `linear`, `llama3`. */
  factor?: number
  /** Wavelengths above original / this are stretched by `factor`: `llama3`. */
  low_freq_factor?: number
  /** Wavelengths below original / this stay as they are: `llama3`. */
  high_freq_factor?: number
  /** Longest sequence before the scaling: `llama3`. */
  original_max_position_embeddings?: number
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

const TYPES = ['default', 'linear', 'llama3'] as const

/**
 * The angle by which each pair of features turns from one position to the next, (D/2), in f32 as transformers computes it:
 * `theta^(−2i/D)`; `linear` divides all by `factor`; `llama3` divides those of long waves, keeps those of short ones, and goes from one to
 * the other between `original / low_freq_factor` and `original / high_freq_factor`.
 * @throws {OptionError} for a value that is missing or out of range. @throws {UnsupportedError} for another kind of scaling.
 */
export function rotaryFrequencies(owner: string, config: RotaryConfig): Float32Array {
  const { type, theta, given } = read(owner, config)
  const D = config.head_dim
  const plain = Float32Array.from({ length: D / 2 }, (_, i) => theta ** ((-2 * i) / D))
  if (type === 'default') return plain
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

function read(
  owner: string,
  config: RotaryConfig,
): { type: (typeof TYPES)[number]; theta: number; given: RopeParameters } {
  const given = config.rope_scaling ?? config.rope_parameters ?? {}
  if (typeof given !== 'object') throw bad(owner, 'rope_parameters', 'an object', given)
  const name = given.rope_type ?? given.type ?? 'default'
  if (KNOWN_ELSEWHERE.includes(name)) throw unsupported(owner, `rope_type ${show(name)}`, `rope_type ${TYPES.join(', ')}`)
  const partial = given['partial_rotary_factor'] ?? config['partial_rotary_factor'] ?? 1
  if (partial !== 1) throw unsupported(owner, `partial_rotary_factor ${show(partial)}`, 'heads that turn as a whole')
  const theta = checkNumber(owner, 'rope_theta', given.rope_theta ?? config.rope_theta ?? 10000, 0, true)
  return { type: checkChoice(owner, 'rope_type', name, TYPES), theta, given }
}

/** Kinds that transformers has. */
const KNOWN_ELSEWHERE: readonly unknown[] = ['dynamic', 'yarn', 'longrope', 'su', 'proportional']

/** Rows of the tables for the tokens of one forward. */
export interface Rotation {
  /** (rows, D/2). */
  readonly cos: Tensor
  readonly sin: Tensor
  /** The row of each token, (B, T); null for row t at token t. */
  readonly rows: Tensor | null
}

/** Turns heads by the angles of their positions. Shapes: `x (B, T, H, D)` → the same. Pairs are (i, i + D/2), as in Hugging Face's Llama. */
export function rotate(x: Tensor, { cos, sin, rows }: Rotation): Tensor {
  return ops.rope(x, cos, sin, rows, 1, false, false)
}

/** The rows for the last `last` of T tokens, or for all of them. */
export function lastRotation({ cos, sin, rows }: Rotation, T: number, last: number | null): Rotation {
  if (last === null || last >= T) return { cos, sin, rows }
  if (rows !== null) return { cos, sin, rows: rows.narrow(1, T - last, last) }
  return { cos: cos.narrow(0, T - last, last), sin: sin.narrow(0, T - last, last), rows }
}

/** Where the tokens of a forward stand. */
interface Placement {
  past: number
  tokens: number
  positionIds?: Ids | null | undefined
  dtype: Dtype
}

/** Tables for all positions so far; they grow when a longer sequence comes, and serve every block. */
export class RotaryTables {
  private readonly frequencies: Float32Array
  private tables: { cos: Tensor; sin: Tensor } | null = null

  constructor(owner: string, config: RotaryConfig) {
    this.frequencies = rotaryFrequencies(owner, config)
  }

  /** The rows for `tokens` tokens after `past` others, or for given positions; in the dtype of the heads. */
  rotation(owner: string, { past, tokens, positionIds, dtype }: Placement): Rotation {
    if (positionIds) {
      const positions = idsTensor(owner, 'positionIds', positionIds)
      const last = positionIds instanceof Tensor ? Infinity : lastOf(owner, positionIds)
      // As far as that, a table costs more than the angles of these tokens alone.
      return last < 2 ** 16 ? { ...this.upTo(last + 1, dtype), rows: positions } : this.anywhere(positions, dtype)
    }
    const { cos, sin } = this.upTo(past + tokens, dtype)
    if (past === 0) return { cos, sin, rows: null }
    return { cos: cos.narrow(0, past, tokens), sin: sin.narrow(0, past, tokens), rows: null }
  }

  /** Positions of any size, which may be known only when they are used: a row of angles for each token. */
  private anywhere(positions: Tensor, dtype: Dtype): Rotation {
    return noGrad(() => {
      const [B = 0, T = 0] = positions.shape
      const angles = positions
        .to('f32')
        .reshape([B * T, 1])
        .mul(tensor(this.frequencies)) // (B·T, D/2)
      const rows = arange(0, B * T, 1, { dtype: 'i64' }).reshape([B, T])
      return { cos: angles.cos().to(dtype), sin: angles.sin().to(dtype), rows }
    })
  }

  private upTo(count: number, dtype: Dtype): { cos: Tensor; sin: Tensor } {
    const old = this.tables
    if (old !== null && old.cos.shape[0]! >= count && old.cos.dtype === dtype) return old
    const rows = Math.max(256, 2 ** Math.ceil(Math.log2(count)))
    const half = this.frequencies.length
    const [cos, sin] = [new Float32Array(rows * half), new Float32Array(rows * half)]
    for (let position = 0; position < rows; position++) {
      for (let i = 0; i < half; i++) {
        const angle = Math.fround(position * this.frequencies[i]!)
        cos[position * half + i] = Math.cos(angle)
        sin[position * half + i] = Math.sin(angle)
      }
    }
    const made = (values: Float32Array) => keep(noGrad(() => tensor(values, { shape: [rows, half] }).to(dtype)))
    this.tables = { cos: made(cos), sin: made(sin) }
    return this.tables
  }
}

function lastOf(owner: string, positionIds: readonly (readonly number[])[]): number {
  let last = 0
  for (const row of positionIds) {
    for (const position of row) {
      if (position < 0) throw bad(owner, 'positionIds', 'numbers from 0 on', position)
      if (position > last) last = position
    }
  }
  return last
}

function unsupported(owner: string, received: string, expected: string): UnsupportedError {
  return new UnsupportedError({
    what: `${owner}: these rotary positions are not supported`,
    expected,
    received,
    fix: 'use a checkpoint of a supported kind',
  })
}
