// Generated from src/models/shared/rotary-frequencies.ts by `npm run api`. Do not edit.

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
