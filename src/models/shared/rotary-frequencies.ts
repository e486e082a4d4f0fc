// The frequencies of rotary positions (Su et al. 2021), as a configuration gives them.
import { UnsupportedError } from '../../errors.js'
import { bad, checkChoice, checkNumber, show } from '../../runtime/options.js'

/** Rotary positions as `config.json` gives them. */
export interface RopeParameters {
  /** `default`, `linear`, `dynamic`, `yarn`, `llama3` or `longrope`, which is also called `su`; old files call the field `type`. @default 'default' */
  rope_type?: string
  type?: string
  /** Base of the frequencies. @default the configuration's `rope_theta`, else 10000 */
  rope_theta?: number
  /** The factor by which sequences get longer: `linear`, `dynamic`, `yarn`, `llama3`. For `yarn` null is `max_position_embeddings` / original. */
  factor?: number | null
  /** Wavelengths above original / this are stretched by `factor`: `llama3`. */
  low_freq_factor?: number
  /** Wavelengths below original / this are unchanged: `llama3`. */
  high_freq_factor?: number
  /**
   * Longest sequence before the scaling: `llama3`, `yarn`, `longrope`. A field of this name in the configuration itself takes precedence.
   * @default `max_position_embeddings`
   */
  original_max_position_embeddings?: number
  /** Divisor of each frequency in sequences up to the original length, (D/2): `longrope`. */
  short_factor?: number[]
  /** Divisor of each frequency in longer sequences, (D/2): `longrope`. */
  long_factor?: number[]
  /**
   * Factor of cosines and sines: `yarn`, `longrope`. @default for `yarn` 1 + 0.1 ln factor, or as `mscale` and `mscale_all_dim` say; for `longrope`
   * √(1 + ln factor / ln original), where factor is that of the length
   */
  attention_factor?: number | null
  /** Features that turn at least this often within the original length are unchanged: `yarn`. @default 32 */
  beta_fast?: number | null
  /** Features that turn at most this often within the original length are stretched by `factor`: `yarn`. @default 1 */
  beta_slow?: number | null
  /** With `mscale_all_dim`: the factor of cosines and sines is (1 + 0.1 mscale ln factor) / (1 + 0.1 mscale_all_dim ln factor): `yarn`. */
  mscale?: number | null
  mscale_all_dim?: number | null
  /** The features between the two are counted in whole ones: `yarn`. In Gemma 3 and ModernBERT it stands beside the two kinds of blocks. @default true */
  truncate?: boolean
  /** Share of the features of a head that are rotated, the first ones, in Phi-3's family alone. @default that of the configuration itself, else 1 */
  partial_rotary_factor?: number
  [other: string]: unknown
}

/** What decides the frequencies. */
export interface RotaryConfig {
  head_dim: number
  /** Longest sequence that the model supports: `dynamic`, `yarn`, `longrope`. */
  max_position_embeddings?: number
  rope_parameters?: RopeParameters | null
  rope_scaling?: RopeParameters | null
  rope_theta?: number
  [other: string]: unknown
}

/** How heads are rotated by position. */
export interface Turning {
  /** The angle of each pair of features from one position to the next, (D/2). */
  readonly frequencies: Float32Array
  /** Those of longer sequences; null where they are the same. */
  readonly long: LongTurning | null
  /** Factor of cosines and sines. */
  readonly scale: number
}

/** How heads of longer sequences are rotated. */
export interface LongTurning {
  /** The longest sequence that is not long. */
  readonly original: number
  /** Whether all long sequences have the same frequencies (`longrope`); otherwise they depend on the length (`dynamic`). */
  readonly isFixed: boolean
  /** The frequencies of sequences of `length` tokens. */
  of(length: number): Float32Array
}

/** What the kinds need to know. */
interface Given {
  readonly owner: string
  readonly config: RotaryConfig
  readonly given: RopeParameters
  readonly theta: number
  /** Number of rotated features of a head. */
  readonly D: number
}

const f32 = Math.fround

/** The kinds of rotary positions. */
const KINDS = { default: unscaled, linear, dynamic, yarn, llama3, longrope } as const
const TYPES = Object.keys(KINDS) as (keyof typeof KINDS)[]

/**
 * The angles by which pairs of features are rotated from one position to the next, in f32 as transformers computes them: `theta^(−2i/D)`, for fewer features where
 * only some are rotated (`partial`).
 *
 * `linear` divides all by `factor`. `dynamic` raises theta with the length of sequences beyond `max_position_embeddings`. `yarn` (Peng et al. 2023) divides those of
 * slow features, keeps those of fast ones, and goes from one to the other in between; `llama3` does so by wavelength. `longrope` (Ding et al. 2024) divides each by a
 * factor of its own, of which there are two lists: for sequences up to the original length and for longer ones.
 * @throws {OptionError} for a value that is missing or out of range. @throws {UnsupportedError} for another kind of scaling.
 */
export function rotaryTurning(owner: string, config: RotaryConfig, partial = false): Turning {
  const { type, theta, given, share } = read(owner, config, partial)
  return KINDS[type]({ owner, config, given, theta, D: turningFeatures(owner, config.head_dim, share) })
}

function unscaled({ theta, D }: Given): Turning {
  return { frequencies: powers(theta, D), long: null, scale: 1 }
}

function linear({ owner, given, theta, D }: Given): Turning {
  const factor = factorOf(owner, given.factor)
  return { frequencies: powers(theta, D).map((angle) => angle / factor), long: null, scale: 1 }
}

/** The base grows with the length as the sequence does. Rounded to f32 at each step, as in transformers, where the length is a tensor. */
function dynamic({ owner, config, given, theta, D }: Given): Turning {
  const factor = factorOf(owner, given.factor)
  const longest = checkNumber(owner, 'max_position_embeddings', config.max_position_embeddings, 1)
  if (D < 4) throw bad(owner, 'head_dim', 'at least 4 rotated features: dynamic scaling divides by D − 2', D)
  const growth = (length: number) => f32(f32(f32(factor * length) / longest) - (factor - 1))
  const of = (length: number) => powers(f32(theta * f32(growth(length) ** (D / (D - 2)))), D)
  return { frequencies: powers(theta, D), long: { original: longest, isFixed: false, of }, scale: 1 }
}

function yarn({ owner, config, given, theta, D }: Given): Turning {
  const original = originalLength(owner, config, given)
  const longest = Number(config.max_position_embeddings)
  const factor = factorOf(owner, given.factor === null ? longest / original : given.factor)
  const positive = (name: 'beta_fast' | 'beta_slow', otherwise: number) =>
    checkNumber(owner, name, given[name] || otherwise, 0, true)
  const [fast, slow] = [positive('beta_fast', 32), positive('beta_slow', 1)]
  /** The feature that turns `turns` times within the original length. */
  const feature = (turns: number) => (D * Math.log(original / (turns * 2 * Math.PI))) / (2 * Math.log(theta))
  const whole = given.truncate ?? true
  const first = Math.max(0, whole ? Math.floor(feature(fast)) : feature(fast))
  const last = Math.min(D - 1, whole ? Math.ceil(feature(slow)) : feature(slow))
  const width = first === last ? 0.001 : last - first
  const frequencies = powers(theta, D).map((angle, i) => {
    const stretched = Math.min(1, Math.max(0, (i - first) / width))
    return (angle / factor) * stretched + angle * (1 - stretched)
  })
  return { frequencies, long: null, scale: yarnScale(owner, given, factor) }
}

function yarnScale(owner: string, given: RopeParameters, factor: number): number {
  if (given.attention_factor != null) return checkNumber(owner, 'attention_factor', given.attention_factor, 0, true)
  const scale = (share: number) => (factor <= 1 ? 1 : 0.1 * share * Math.log(factor) + 1)
  const { mscale, mscale_all_dim: all } = given
  if (!mscale || !all) return scale(1)
  return scale(checkNumber(owner, 'mscale', mscale)) / scale(checkNumber(owner, 'mscale_all_dim', all))
}

function llama3({ owner, config, given, theta, D }: Given): Turning {
  const factor = factorOf(owner, given.factor)
  const low = checkNumber(owner, 'low_freq_factor', given.low_freq_factor, 0, true)
  const high = checkNumber(owner, 'high_freq_factor', given.high_freq_factor, 0, true)
  const original = originalLength(owner, config, given)
  if (high <= low) throw bad(owner, 'high_freq_factor', `a number above low_freq_factor = ${low}`, high)
  // Rounded to f32 at each step, as in transformers: over long sequences one unit of the last place is seen.
  const frequencies = powers(theta, D).map((angle) => {
    const wavelength = f32((2 * Math.PI) / angle)
    const stretched = wavelength > original / low ? f32(angle / factor) : angle
    if (wavelength > original / low || wavelength < original / high) return stretched
    const kept = f32(f32(f32(original / wavelength) - low) / (high - low))
    return f32(f32(f32(f32(1 - kept) * stretched) / factor) + f32(kept * stretched))
  })
  return { frequencies, long: null, scale: 1 }
}

function longrope({ owner, config, given, theta, D }: Given): Turning {
  const plain = powers(theta, D)
  const divided = (field: 'short_factor' | 'long_factor') => {
    const factors: unknown = given[field]
    if (!Array.isArray(factors) || factors.length !== plain.length)
      throw bad(owner, field, `a list of ${plain.length} numbers, one for each pair of features`, factors)
    return plain.map((angle, i) => angle / checkNumber(owner, `${field}[${i}]`, factors[i], 0, true))
  }
  const original = originalLength(owner, config, given, 2)
  const factor = factorOf(owner, given.factor ?? Number(config.max_position_embeddings) / original)
  const scale = given.attention_factor ?? (factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(original)))
  const [short, long] = [divided('short_factor'), divided('long_factor')]
  return {
    frequencies: short,
    long: { original, isFixed: true, of: () => long },
    scale: checkNumber(owner, 'attention_factor', scale, 0, true),
  }
}

function powers(theta: number, D: number): Float32Array {
  return Float32Array.from({ length: D / 2 }, (_, i) => 1 / f32(theta ** f32((2 * i) / D)))
}

function factorOf(owner: string, factor: unknown): number {
  return checkNumber(owner, 'factor of the rotary scaling', factor, 0, true)
}

function originalLength(owner: string, config: RotaryConfig, given: RopeParameters, least = 1): number {
  const own = config['original_max_position_embeddings']
  const length = own === undefined ? (given.original_max_position_embeddings ?? config.max_position_embeddings) : own
  return checkNumber(owner, 'original_max_position_embeddings', length, least)
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
): { type: keyof typeof KINDS; theta: number; given: RopeParameters; share: number } {
  const given = config.rope_scaling ?? config.rope_parameters ?? {}
  if (typeof given !== 'object') throw bad(owner, 'rope_parameters', 'an object', given)
  const named = given.rope_type ?? given.type ?? 'default'
  const name = named === 'su' ? 'longrope' : named
  if (name === 'proportional') throw unsupported(owner, `rope_type ${show(name)}`, `rope_type ${TYPES.join(', ')}`)
  const type = checkChoice(owner, 'rope_type', name, TYPES)
  const theta = checkNumber(owner, 'rope_theta', given.rope_theta ?? config.rope_theta ?? 10000, 0, true)
  const share = given.partial_rotary_factor ?? config['partial_rotary_factor'] ?? 1
  const factor = checkNumber(owner, 'partial_rotary_factor', share, 0, true)
  if (factor > 1) throw bad(owner, 'partial_rotary_factor', 'at most 1', factor)
  return { type, theta, given, share: factor === 1 || allowsPartial ? factor : wholeHeads(owner, type, factor) }
}

/** The share of rotated features in families other than Phi-3: in transformers plain positions pass the field over there, and scaled ones fail with it. */
function wholeHeads(owner: string, type: keyof typeof KINDS, share: number): 1 {
  if (type !== 'default')
    throw unsupported(owner, `partial_rotary_factor ${share} with rope_type '${type}'`, 'heads that turn as a whole')
  if (!warned.has(owner)) {
    const text = `${owner}: partial_rotary_factor ${share} has no effect: heads turn as a whole, as in transformers, where Phi-3 alone reads it`
    process.emitWarning(text, { type: 'LoraWarning', code: 'LORA_IGNORED_FIELD' })
  }
  warned.add(owner)
  return 1
}

/** Configurations whose share has been warned of. */
const warned = new Set<string>()

function unsupported(owner: string, received: string, expected: string): UnsupportedError {
  return new UnsupportedError({
    what: `${owner}: these rotary positions are not supported`,
    expected,
    received,
    fix: 'use a checkpoint of a supported kind',
  })
}
