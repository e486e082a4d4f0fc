// Generated from src/models/shared/rotary.ts by `npm run api`. Do not edit.

import { Tensor } from '../../tensor/tensor.js'
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
/** Rows of the tables for the tokens of one forward. */
export interface Rotation {
  /** (rows, D/2). */
  readonly cos: Tensor
  readonly sin: Tensor
  /** The row of each token, (B, T); null for row t at token t. */
  readonly rows: Tensor | null
}
export {}
