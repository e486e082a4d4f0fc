// The common part of the configurations of decoders with rotary positions. Names and defaults as in `config.json` and in transformers.
import { checkEnds } from './config.js'
import { UnsupportedError } from '../../errors.js'
import { bad, checkBoolean, checkInteger, checkNumber, checkProbability, show } from '../../runtime/options.js'
import type { RopeParameters } from './rotary-frequencies.js'

/** Fields of `config.json` that every decoder with rotary positions has. */
export interface RotaryDecoderConfig {
  /** Number of tokens V. */
  vocab_size: number
  /** Channels C. */
  hidden_size: number
  /** Width of the MLP. */
  intermediate_size: number
  /** Blocks. */
  num_hidden_layers: number
  /** Query heads H. */
  num_attention_heads: number
  /** Heads of keys and values, a divisor of `num_attention_heads`; null for the same number. */
  num_key_value_heads: number
  /** Head size D, even; null for hidden_size / num_attention_heads. */
  head_dim: number
  /** Longest sequence that the model supports. */
  max_position_embeddings: number
  /** Added to the mean square in norms. */
  rms_norm_eps: number
  /** Standard deviation of fresh weights. @default 0.02 */
  initializer_range: number
  /** Dropout on the attention weights, in training. @default 0 */
  attention_dropout: number
  /** The head shares the weight of the token embedding. */
  tie_word_embeddings: boolean
  /** Rotary positions, as transformers 5 writes them. @default `rope_scaling` and `rope_theta` */
  rope_parameters?: RopeParameters | null
  /** Base of the rotary frequencies, as earlier releases write it. */
  rope_theta?: number
  /** How the frequencies are scaled, as earlier releases write it; takes precedence over `rope_parameters`. @default not scaled */
  rope_scaling?: RopeParameters | null
  bos_token_id: number | null
  /** Where generation stops. */
  eos_token_id: number | number[] | null
  /** The row of the token embedding that starts at 0 and gets no gradient through it. */
  pad_token_id: number | null
  [other: string]: unknown
}

/** Defaults; head size and heads of keys follow from others where they are missing. */
export type RotaryDefaults<Config extends RotaryDecoderConfig> = {
  [Field in keyof Config as string extends Field ? never : Field]?: Config[Field]
} & { model_type: string; architectures: string[]; [other: string]: unknown }

/**
 * Fills in the defaults and checks the fields of {@link RotaryDecoderConfig}.
 * @throws {OptionError} naming the field. @throws {UnsupportedError} for quantised weights.
 */
export function rotaryDecoderConfig<Config extends RotaryDecoderConfig>(
  owner: string,
  defaults: RotaryDefaults<Config>,
  given: Partial<Config>,
): Config {
  const fields = { initializer_range: 0.02, attention_dropout: 0, ...defaults, ...given } as unknown as Config
  const sizes = ['vocab_size', 'hidden_size', 'intermediate_size', 'num_hidden_layers', 'num_attention_heads'] as const
  for (const field of [...sizes, 'max_position_embeddings'] as const) checkInteger(owner, field, fields[field], 1)
  const { hidden_size: C, num_attention_heads: H } = fields
  const { num_key_value_heads, head_dim } = { ...defaults, ...defined(given) } as Partial<RotaryDecoderConfig>
  const heads = {
    num_key_value_heads: keyValueHeads(owner, H, num_key_value_heads),
    head_dim: headSize(owner, C, H, head_dim),
  }
  const config: Config = { ...fields, ...heads }
  for (const field of ['rms_norm_eps', 'initializer_range'] as const) checkNumber(owner, field, config[field], 0)
  checkProbability(owner, 'attention_dropout', config.attention_dropout)
  checkBoolean(owner, 'tie_word_embeddings', config.tie_word_embeddings)
  checkEnds(owner, config)
  const { vocab_size: V, pad_token_id: pad } = config
  if (pad !== null && (!Number.isInteger(pad) || pad < -V || pad >= V)) {
    throw bad(owner, 'pad_token_id', `null, or a token from 0 to ${V - 1}; negative ones count from the end`, pad)
  }
  if (config['quantization_config'] != null) throw quantized(owner, config['quantization_config'])
  return config
}

function defined(given: object): object {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
}

function keyValueHeads(owner: string, H: number, given: number | null | undefined): number {
  const heads = checkInteger(owner, 'num_key_value_heads', given ?? H, 1)
  if (H % heads !== 0) throw bad(owner, 'num_key_value_heads', `a divisor of num_attention_heads = ${H}`, heads)
  return heads
}

function headSize(owner: string, C: number, H: number, given: number | null | undefined): number {
  if (given == null && C % H !== 0) throw bad(owner, 'num_attention_heads', `a divisor of hidden_size = ${C}`, H)
  const D = checkInteger(owner, 'head_dim', given ?? C / H, 1)
  if (D % 2 !== 0) throw bad(owner, 'head_dim', 'an even number: rotary positions turn pairs', D)
  return D
}

/** The length of a sliding window in tokens; null for none. */
export function checkWindow(owner: string, field: string, window: unknown): number | null {
  return window == null ? null : checkInteger(owner, field, window, 1)
}

/** Kinds of blocks, by the names of `layer_types`. */
const LAYER_TYPES: readonly unknown[] = ['full_attention', 'sliding_attention']

/**
 * Which blocks have a sliding window: those of `layer_types`, or without it those of the architecture.
 * @throws {OptionError} for a list of another length, and for windows of unknown size. @throws {UnsupportedError} for another kind of attention.
 */
export function windowedLayers(
  owner: string,
  config: { num_hidden_layers: number; layer_types?: readonly string[] | null },
  window: number | null,
  isWindowed: (layer: number) => boolean,
): boolean[] {
  const { num_hidden_layers: count, layer_types: types } = config
  if (types == null) return Array.from({ length: count }, (_, layer) => window !== null && isWindowed(layer))
  if (!Array.isArray(types) || types.length !== count)
    throw bad(owner, 'layer_types', `a list of num_hidden_layers = ${count} kinds`, types)
  const other = types.find((type) => !LAYER_TYPES.includes(type))
  if (other !== undefined) throw unsupportedField(owner, 'layer_types', LAYER_TYPES.join(' and '), other)
  const windowed = types.map((type) => type === 'sliding_attention')
  if (window === null && windowed.includes(true))
    throw bad(owner, 'sliding_window', 'a number of tokens, as layer_types has sliding_attention', window)
  return windowed
}

/** The error for a value of a field that would need an unsupported computation. */
export function unsupportedField(owner: string, field: string, expected: string, received: unknown): UnsupportedError {
  return new UnsupportedError({
    what: `${owner}: ${field} asks for a computation that is not supported`,
    expected: `${field}: ${expected}`,
    received: show(received),
    fix: 'use a checkpoint without it',
  })
}

function quantized(owner: string, config: unknown): UnsupportedError {
  return new UnsupportedError({
    what: `${owner}: the weights of this checkpoint are quantised`,
    expected: 'weights in f32, bf16 or f16, and no quantization_config',
    received: JSON.stringify(config),
    fix: 'use the checkpoint that it was made from',
  })
}
