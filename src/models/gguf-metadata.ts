// The metadata of a GGUF file from the configuration of a model.
import { UnsupportedError } from '../errors.js'
import type { GgufField } from '../io/gguf/header.js'
import { show } from '../runtime/options.js'
import type { RopeParameters } from './shared/rotary-frequencies.js'
import { rotaryTurning } from './shared/rotary-frequencies.js'
import type { RotaryConfig } from './shared/rotary-frequencies.js'
import type { GgufFamily } from './gguf/family.js'
import { gemmaScalar } from './gguf/read-config.js'

type Config = Readonly<Record<string, unknown>>

/** What a configuration becomes in a file. */
export interface WrittenConfig {
  readonly metadata: Record<string, GgufField>
  /** Tensors of factors of the rotary frequencies. */
  readonly factors: Record<string, readonly number[]>
}

const u32 = (value: unknown): GgufField => ({ type: 'u32', value: value as number })
const f32 = (value: unknown): GgufField => ({ type: 'f32', value: value as number })
const text = (value: string): GgufField => ({ type: 'string', value })

/**
 * The fields of a model in a file, as llama.cpp's converter writes them.
 * @throws {UnsupportedError} for what the format cannot say.
 */
export function configToFile(owner: string, family: GgufFamily, config: Config): WrittenConfig {
  const keys = family.architecture === 'gpt2' ? gpt2(owner, config) : rotary(config)
  const further = FURTHER[family.modelType]?.(owner, config) ?? {}
  const rope = family.architecture === 'gpt2' ? { keys: {}, factors: {} } : ropeOf(owner, family, config)
  const all = { vocab_size: u32(config['vocab_size']), ...keys, ...further, ...rope.keys }
  const named = Object.entries(all).map(([key, field]) => [`${family.architecture}.${key}`, field] as const)
  return {
    metadata: { 'general.architecture': text(family.architecture), ...Object.fromEntries(named) },
    factors: rope.factors,
  }
}

function gpt2(owner: string, config: Config): Record<string, GgufField> {
  must(owner, config, 'activation_function', 'gelu_new', ['gelu_new', 'gelu_pytorch_tanh'])
  must(owner, config, 'scale_attn_weights', true, [true])
  must(owner, config, 'scale_attn_by_inverse_layer_idx', false, [false])
  return {
    context_length: u32(config['n_positions']),
    embedding_length: u32(config['n_embd']),
    block_count: u32(config['n_layer']),
    feed_forward_length: u32(config['n_inner'] ?? 4 * (config['n_embd'] as number)),
    'attention.head_count': u32(config['n_head']),
    'attention.layer_norm_epsilon': f32(config['layer_norm_epsilon']),
  }
}

function rotary(config: Config): Record<string, GgufField> {
  return {
    context_length: u32(config['max_position_embeddings']),
    embedding_length: u32(config['hidden_size']),
    block_count: u32(config['num_hidden_layers']),
    feed_forward_length: u32(config['intermediate_size']),
    'attention.head_count': u32(config['num_attention_heads']),
    'attention.head_count_kv': u32(config['num_key_value_heads']),
    'attention.key_length': u32(config['head_dim']),
    'attention.value_length': u32(config['head_dim']),
    'attention.layer_norm_rms_epsilon': f32(config['rms_norm_eps']),
  }
}

/** Fields of single architectures, and what files cannot say of them. */
const FURTHER: Readonly<Record<string, (owner: string, config: Config) => Record<string, GgufField>>> = {
  llama: (owner, config) => silu(owner, config),
  mistral: (owner, config) => ({
    ...silu(owner, config),
    'attention.sliding_window': u32(config['sliding_window'] ?? config['max_position_embeddings']),
  }),
  qwen2(owner, config) {
    must(owner, config, 'use_sliding_window', false, [false])
    return silu(owner, config)
  },
  qwen3(owner, config) {
    must(owner, config, 'use_sliding_window', false, [false])
    must(owner, config, 'attention_bias', false, [false])
    return silu(owner, config)
  },
  phi3(owner, config) {
    const window = config['sliding_window']
    return { ...silu(owner, config), ...(window != null && { 'attention.sliding_window': u32(window) }) }
  },
  gemma2: (owner, config) => ({
    ...gemma(owner, config, 46, (layer) => layer % 2 === 0),
    attn_logit_softcapping: f32(config['attn_logit_softcapping'] ?? 50),
    final_logit_softcapping: f32(config['final_logit_softcapping'] ?? 30),
  }),
  gemma3_text: (owner, config) => ({
    ...gemma(owner, config, 62, (layer) => (layer + 1) % 6 !== 0),
    ...(config['final_logit_softcapping'] != null && {
      final_logit_softcapping: f32(config['final_logit_softcapping']),
    }),
  }),
}

function silu(owner: string, config: Config): Record<string, GgufField> {
  must(owner, config, 'hidden_act', 'silu', ['silu', 'swish'])
  return {}
}

function gemma(
  owner: string,
  config: Config,
  blocks: number,
  isWindowed: (layer: number) => boolean,
): Record<string, GgufField> {
  must(owner, config, 'hidden_activation', 'gelu_pytorch_tanh', ['gelu_pytorch_tanh', 'gelu_new'])
  must(owner, config, 'attention_bias', false, [false])
  const scalar = gemmaScalar(config as never, blocks)
  must(owner, config, 'query_pre_attn_scalar', scalar, [scalar])
  const types = config['layer_types'] as readonly string[] | null | undefined
  const other = types?.findIndex((type, layer) => (type === 'sliding_attention') !== isWindowed(layer)) ?? -1
  if (other >= 0) throw unsupported(owner, 'layer_types', 'the pattern of the original models', types)
  if (config['model_type'] === 'gemma3_text') {
    const pattern = config['sliding_window_pattern'] ?? config['_sliding_window_pattern'] ?? 6
    if (types == null && pattern !== 6) throw unsupported(owner, 'sliding_window_pattern', '6', pattern)
  }
  return { 'attention.sliding_window': u32(config['sliding_window']) }
}

interface Rope {
  keys: Record<string, GgufField>
  factors: Record<string, readonly number[]>
}

function ropeOf(owner: string, family: GgufFamily, config: Config): Rope {
  if (family.modelType === 'gemma3_text') return gemma3Rope(owner, config)
  const given = (config['rope_scaling'] ?? config['rope_parameters'] ?? {}) as RopeParameters
  const D = config['head_dim'] as number
  const share = (given.partial_rotary_factor ?? config['partial_rotary_factor'] ?? 1) as number
  const isPartial = family.modelType === 'phi3'
  const base = {
    'rope.dimension_count': u32(isPartial ? Math.floor(D * share) : D),
    'rope.freq_base': f32(given.rope_theta ?? config['rope_theta'] ?? 1e4),
  }
  const { keys, factors } = scalingOf(owner, family, config, given)
  return { keys: { ...base, ...keys }, factors }
}

function scalingOf(owner: string, family: GgufFamily, config: Config, given: RopeParameters): Rope {
  const type = given.rope_type ?? given.type ?? 'default'
  const original = () =>
    u32(
      config['original_max_position_embeddings'] ??
        given.original_max_position_embeddings ??
        config['max_position_embeddings'],
    )
  switch (type) {
    case 'default':
      return { keys: {}, factors: {} }
    case 'linear':
      return { keys: { 'rope.scaling.type': text('linear'), 'rope.scaling.factor': f32(given.factor) }, factors: {} }
    case 'llama3':
      return { keys: {}, factors: { 'rope_freqs.weight': llama3Factors(owner, config, given) } }
    case 'longrope':
    case 'su': {
      const short = given.short_factor ?? []
      if (family.modelType === 'phi3') {
        const { scale } = rotaryTurning(owner, config as RotaryConfig, true)
        return {
          keys: { 'rope.scaling.original_context_length': original(), 'rope.scaling.attn_factor': f32(scale) },
          factors: { 'rope_factors_short.weight': short, 'rope_factors_long.weight': given.long_factor ?? [] },
        }
      }
      // One list for all lengths, as `rope_freqs.weight` is read.
      if (String(short) === String(given.long_factor) && given.attention_factor === 1)
        return { keys: {}, factors: { 'rope_freqs.weight': short } }
      throw unsupported(owner, 'rope_type', 'longrope in Phi-3 alone', type)
    }
    case 'yarn':
      return { keys: yarn(owner, given, original()), factors: {} }
    default:
      throw unsupported(owner, 'rope_type', 'default, linear, llama3, yarn, or longrope in Phi-3', type)
  }
}

function yarn(owner: string, given: RopeParameters, original: GgufField): Record<string, GgufField> {
  if (given.mscale != null || given.mscale_all_dim != null || given.truncate === false)
    throw unsupported(owner, 'rope_parameters', 'yarn without mscale, mscale_all_dim and truncate', given)
  const factor = given.factor as number
  const attention = given.attention_factor
  return {
    'rope.scaling.type': text('yarn'),
    'rope.scaling.factor': f32(factor),
    'rope.scaling.original_context_length': original,
    ...(attention != null && { 'rope.scaling.attn_factor': f32(attention / (1 + 0.1 * Math.log(factor))) }),
    ...(given.beta_fast != null && { 'rope.scaling.yarn_beta_fast': f32(given.beta_fast) }),
    ...(given.beta_slow != null && { 'rope.scaling.yarn_beta_slow': f32(given.beta_slow) }),
  }
}

/** By what `llama3` divides each frequency. */
function llama3Factors(owner: string, config: Config, given: RopeParameters): number[] {
  const scaled = rotaryTurning(owner, config as RotaryConfig).frequencies
  const theta = (given.rope_theta ?? config['rope_theta'] ?? 1e4) as number
  const plain = rotaryTurning(owner, { head_dim: config['head_dim'] as number, rope_theta: theta }).frequencies
  return Array.from(plain, (angle, i) => Math.fround(angle / scaled[i]!))
}

function gemma3Rope(owner: string, config: Config): Rope {
  const parameters = config['rope_parameters'] as Record<string, RopeParameters> | null | undefined
  const whole = (parameters?.['full_attention'] ?? config['rope_scaling'] ?? {}) as RopeParameters
  const windowed = parameters?.['sliding_attention']?.rope_theta ?? config['rope_local_base_freq'] ?? 1e4
  const type = whole.rope_type ?? whole.type ?? 'default'
  if (type !== 'default' && type !== 'linear') throw unsupported(owner, 'rope_type', 'default or linear', type)
  return {
    keys: {
      'rope.freq_base': f32(whole.rope_theta ?? config['rope_theta'] ?? 1e6),
      'rope.freq_base_swa': f32(windowed),
      ...(type === 'linear' && { 'rope.scaling.type': text('linear'), 'rope.scaling.factor': f32(whole.factor) }),
    },
    factors: {},
  }
}

function must(owner: string, config: Config, field: string, otherwise: unknown, allowed: readonly unknown[]): void {
  const value = config[field] ?? otherwise
  if (!allowed.includes(value)) throw unsupported(owner, field, allowed.join(' or '), value)
}

function unsupported(owner: string, field: string, expected: string, received: unknown): UnsupportedError {
  return new UnsupportedError({
    what: `${owner}: a GGUF file cannot say what ${field} asks for`,
    expected: `${field}: ${expected}`,
    received: show(received),
    fix: 'write a folder with savePretrained instead',
  })
}
