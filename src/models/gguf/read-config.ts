// The configuration of a model from the metadata of its GGUF file.
import { FormatError, UnsupportedError } from '../../errors.js'
import type { GgufHeader } from '../../io/gguf/header.js'
import { show } from '../../runtime/options.js'
import type { RopeParameters } from '../shared/rotary-frequencies.js'
import type { GgufFamily } from './family.js'

/** Factors of the rotary frequencies that a file holds as tensors. */
export interface RopeFactors {
  /** `rope_freqs.weight`: each frequency is divided by its factor. */
  freqs?: readonly number[]
  /** `rope_factors_short.weight` and `rope_factors_long.weight` of Phi-3. */
  short?: readonly number[]
  long?: readonly number[]
}

/** Keys of metadata of one architecture. */
class Fields {
  constructor(
    readonly path: string,
    readonly architecture: string,
    private readonly header: GgufHeader,
  ) {}

  /** A value; a list of equal values is one. */
  private value(key: string): unknown {
    const value = this.header.metadata[key]?.value
    if (!Array.isArray(value)) return value
    const list = value as unknown[]
    if (list.length > 0 && list.every((each) => each === list[0])) return list[0]
    throw this.unsupported(key, 'the same value for all blocks', value)
  }

  /** A number under a key of the architecture; f32 values in the fewest digits that mean them. */
  number(key: string): number | undefined {
    const full = `${this.architecture}.${key}`
    const value = this.value(full)
    if (value === undefined) return undefined
    if (typeof value !== 'number' || !Number.isFinite(value)) throw this.bad(full, 'a number', value)
    return this.header.metadata[full]!.type.startsWith('f32') ? shortest(value) : value
  }

  need(key: string): number {
    const value = this.number(key)
    if (value === undefined) throw this.bad(`${this.architecture}.${key}`, 'a number', value)
    return value
  }

  text(key: string): string | undefined {
    const value = this.header.metadata[`${this.architecture}.${key}`]?.value
    return typeof value === 'string' ? value : undefined
  }

  /** Id of a special token, or null. */
  token(role: string): number | null {
    const value = this.header.metadata[`tokenizer.ggml.${role}_token_id`]?.value
    return typeof value === 'number' && value >= 0 && value < 2 ** 32 - 1 ? value : null
  }

  has(tensor: string): boolean {
    return this.header.tensors.some(({ name }) => name === tensor)
  }

  rows(tensor: string): number {
    const shape = this.header.tensors.find(({ name }) => name === tensor)?.shape
    if (shape?.length !== 2) throw this.bad(tensor, 'a matrix', shape)
    return shape[0]!
  }

  unsupported(key: string, expected: string, received: unknown): UnsupportedError {
    return new UnsupportedError({
      what: `${this.path}: ${key} asks for a computation that is not supported`,
      expected: `${key}: ${expected}`,
      received: show(received),
      fix: 'use another model',
    })
  }

  private bad(key: string, expected: string, received: unknown): FormatError {
    return new FormatError({
      what: `${this.path}: ${key} is missing or not usable`,
      expected,
      received: received === undefined ? 'nothing' : show(received),
      fix: 'convert the model again with a current llama.cpp',
    })
  }
}

/**
 * The fields of `config.json` that a file stands for.
 * @throws {FormatError} naming the key that is missing. @throws {UnsupportedError} for what the decoders cannot compute.
 */
export function configOfFile(
  path: string,
  family: GgufFamily,
  header: GgufHeader,
  factors: RopeFactors,
): Record<string, unknown> {
  const fields = new Fields(path, family.architecture, header)
  const experts = fields.number('expert_count') ?? 0
  if (experts > 0) throw fields.unsupported(`${family.architecture}.expert_count`, '0', experts)
  const common = { model_type: family.modelType, ...ends(fields), tie_word_embeddings: !fields.has('output.weight') }
  if (family.architecture === 'gpt2') return { ...common, ...gpt2(fields) }
  const rotary = { ...common, ...rotaryFields(fields) }
  return { ...rotary, ...FURTHER[family.modelType]?.(fields, rotary), ...ropeFields(fields, family, rotary, factors) }
}

/** Where texts begin and end. Chat models end a turn with a token of its own. */
function ends(fields: Fields): Record<string, unknown> {
  const [eos, turn] = [fields.token('eos'), fields.token('eot')]
  const isList = eos !== null && turn !== null && eos !== turn
  return {
    bos_token_id: fields.token('bos'),
    eos_token_id: isList ? [eos, turn] : (eos ?? turn),
    pad_token_id: fields.token('padding'),
    vocab_size: fields.rows('token_embd.weight'),
  }
}

function gpt2(fields: Fields): Record<string, unknown> {
  return {
    n_positions: fields.need('context_length'),
    n_embd: fields.need('embedding_length'),
    n_layer: fields.need('block_count'),
    n_head: fields.need('attention.head_count'),
    n_inner: fields.need('feed_forward_length'),
    layer_norm_epsilon: fields.need('attention.layer_norm_epsilon'),
  }
}

interface Rotary {
  hidden_size: number
  num_hidden_layers: number
  num_attention_heads: number
  head_dim: number
  max_position_embeddings: number
}

function rotaryFields(fields: Fields): Rotary & Record<string, unknown> {
  const [C, H] = [fields.need('embedding_length'), fields.need('attention.head_count')]
  const D = fields.number('attention.key_length') ?? C / H
  const valueLength = fields.number('attention.value_length') ?? D
  if (valueLength !== D) throw fields.unsupported('attention.value_length', `key_length ${D}`, valueLength)
  return {
    hidden_size: C,
    intermediate_size: fields.need('feed_forward_length'),
    num_hidden_layers: fields.need('block_count'),
    num_attention_heads: H,
    num_key_value_heads: fields.number('attention.head_count_kv') ?? H,
    head_dim: D,
    max_position_embeddings: fields.need('context_length'),
    rms_norm_eps: fields.need('attention.layer_norm_rms_epsilon'),
  }
}

/** Fields of single architectures. */
const FURTHER: Readonly<Record<string, (fields: Fields, rotary: Rotary) => Record<string, unknown>>> = {
  llama: (fields) => ({
    attention_bias: fields.has('blk.0.attn_q.bias'),
    mlp_bias: fields.has('blk.0.ffn_up.bias'),
  }),
  mistral: (fields) => ({ sliding_window: fields.number('attention.sliding_window') ?? null }),
  qwen3: (fields) => ({ attention_bias: fields.has('blk.0.attn_q.bias') }),
  phi3: (fields) => ({ sliding_window: fields.number('attention.sliding_window') || null }),
  gemma2: (fields, rotary) => ({
    ...gemma(fields, rotary, 46),
    attn_logit_softcapping: fields.number('attn_logit_softcapping') ?? 50,
    final_logit_softcapping: fields.number('final_logit_softcapping') ?? 30,
  }),
  gemma3_text: (fields, rotary) => ({
    ...gemma(fields, rotary, 62),
    final_logit_softcapping: fields.number('final_logit_softcapping') ?? null,
    rope_local_base_freq: fields.number('rope.freq_base_swa') ?? 1e4,
  }),
}

/** Files do not say by what scores are divided; llama.cpp tells the one model that differs by its number of blocks. */
function gemma(fields: Fields, rotary: Rotary, blocks: number): Record<string, unknown> {
  return {
    query_pre_attn_scalar: gemmaScalar(rotary, blocks),
    sliding_window: fields.number('attention.sliding_window') ?? 4096,
  }
}

export function gemmaScalar(
  { hidden_size, num_attention_heads, num_hidden_layers, head_dim }: Rotary,
  blocks: number,
): number {
  return num_hidden_layers === blocks ? hidden_size / num_attention_heads : head_dim
}

/** Rotary positions: base, share of the head, and scaling. */
function ropeFields(fields: Fields, family: GgufFamily, rotary: Rotary, factors: RopeFactors): Record<string, unknown> {
  const theta = fields.number('rope.freq_base') ?? (family.modelType === 'gemma3_text' ? 1e6 : 1e4)
  const turning = fields.number('rope.dimension_count') ?? rotary.head_dim
  const isPartial = turning !== rotary.head_dim
  if (isPartial && family.modelType !== 'phi3')
    throw fields.unsupported('rope.dimension_count', `the size of a head, ${rotary.head_dim}`, turning)
  const scaling = ropeScaling(fields, rotary, factors, turning)
  return {
    rope_theta: theta,
    ...(isPartial && { partial_rotary_factor: turning / rotary.head_dim }),
    ...(scaling && { rope_scaling: scaling }),
  }
}

function ropeScaling(
  fields: Fields,
  rotary: Rotary,
  { freqs, short, long }: RopeFactors,
  turning: number,
): RopeParameters | null {
  const original = fields.number('rope.scaling.original_context_length')
  if (freqs) return factorsScaling(freqs, rotary)
  if (short && long) {
    const attention = fields.number('rope.scaling.attn_factor')
    return {
      rope_type: 'longrope',
      short_factor: [...short],
      long_factor: [...long],
      original_max_position_embeddings: original ?? rotary.max_position_embeddings,
      ...(attention !== undefined && { attention_factor: attention }),
    }
  }
  const type = fields.text('rope.scaling.type') ?? (fields.number('rope.scale_linear') ? 'linear' : 'none')
  const factor = fields.number('rope.scaling.factor') ?? fields.number('rope.scale_linear') ?? 1
  if (type === 'none' || (type === 'linear' && factor === 1)) return null
  if (type === 'linear') return { rope_type: 'linear', factor }
  if (type === 'yarn') return yarn(fields, factor, original ?? rotary.max_position_embeddings)
  throw fields.unsupported('rope.scaling.type', `none, linear or yarn, with ${turning} turning features`, type)
}

function yarn(fields: Fields, factor: number, original: number): RopeParameters {
  const given = fields.number('rope.scaling.attn_factor')
  const [fast, slow] = [fields.number('rope.scaling.yarn_beta_fast'), fields.number('rope.scaling.yarn_beta_slow')]
  return {
    rope_type: 'yarn',
    factor,
    original_max_position_embeddings: original,
    // llama.cpp multiplies its own factor by this one.
    ...(given !== undefined && given !== 1 && { attention_factor: given * (1 + 0.1 * Math.log(factor)) }),
    ...(fast !== undefined && { beta_fast: fast }),
    ...(slow !== undefined && { beta_slow: slow }),
  }
}

/** Factors of Llama 3.1 and later, told by their largest; any others are those of `longrope` with one list for all lengths. */
function factorsScaling(freqs: readonly number[], { max_position_embeddings: longest }: Rotary): RopeParameters {
  const list = freqs.map(shortest)
  return {
    rope_type: 'longrope',
    short_factor: list,
    long_factor: list,
    original_max_position_embeddings: longest,
    attention_factor: 1,
  }
}

/** An f32 number in the fewest digits that mean it: 1e-5 instead of 0.000009999999747378752. */
export function shortest(value: number): number {
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits))
    if (Math.fround(short) === value) return short
  }
  return value
}
