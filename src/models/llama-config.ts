import { UnsupportedError } from '../errors.js'
import { bad, checkBoolean, checkInteger, checkNumber, checkProbability } from '../nn/options.js'
import { checkActivation } from './config.js'
import { rotaryFrequencies } from './rotary.js'
import type { RopeParameters } from './rotary.js'

/** The configuration of a Llama, as in `config.json`. */
export interface LlamaConfig {
  /** Number of tokens V. @default 32000 */
  vocab_size: number
  /** Channels C. @default 4096 */
  hidden_size: number
  /** Width of the MLP. @default 11008 */
  intermediate_size: number
  /** Blocks. @default 32 */
  num_hidden_layers: number
  /** Query heads H. @default 32 */
  num_attention_heads: number
  /** Heads of keys and values, a divisor of `num_attention_heads`. @default num_attention_heads */
  num_key_value_heads: number
  /** Head size D, even. @default hidden_size / num_attention_heads */
  head_dim: number
  /** `silu`, or another of the activations that config files name. @default 'silu' */
  hidden_act: string
  /** Longest sequence the model is made for. @default 2048 */
  max_position_embeddings: number
  /** @default 1e-6 */
  rms_norm_eps: number
  /** Standard deviation of fresh weights. @default 0.02 */
  initializer_range: number
  /** The projections of attention have a bias. @default false */
  attention_bias: boolean
  /** Dropout on the attention weights, in training. @default 0 */
  attention_dropout: number
  /** The layers of the MLP have a bias. @default false */
  mlp_bias: boolean
  /** The head shares the weight of the token embedding. @default false */
  tie_word_embeddings: boolean
  /** Rotary positions, as transformers 5 writes them. @default `rope_scaling` and `rope_theta` */
  rope_parameters?: RopeParameters | null
  /** Base of the rotary frequencies, as earlier releases write it. @default 10000 */
  rope_theta?: number
  /** How the frequencies are scaled, as earlier releases write it; counts before `rope_parameters`. @default not */
  rope_scaling?: RopeParameters | null
  /** @default 1 */
  bos_token_id: number | null
  /** Where generation stops. @default 2 */
  eos_token_id: number | number[] | null
  /** The row of the token embedding that starts at 0 and gets no gradient through it. @default null */
  pad_token_id: number | null
  [other: string]: unknown
}

const DEFAULTS = {
  model_type: 'llama',
  architectures: ['LlamaForCausalLM'],
  vocab_size: 32000,
  hidden_size: 4096,
  intermediate_size: 11008,
  num_hidden_layers: 32,
  num_attention_heads: 32,
  hidden_act: 'silu',
  max_position_embeddings: 2048,
  rms_norm_eps: 1e-6,
  initializer_range: 0.02,
  attention_bias: false,
  attention_dropout: 0,
  mlp_bias: false,
  tie_word_embeddings: false,
  bos_token_id: 1,
  eos_token_id: 2,
  pad_token_id: null,
}

const OWNER = 'LlamaConfig'

/**
 * Fills in the defaults and checks every field that decides what the model computes.
 * @throws {OptionError} naming the field. @throws {UnsupportedError} for a kind of rotary scaling that there is not.
 */
export function llamaConfig(given: Partial<LlamaConfig>): LlamaConfig {
  const { num_key_value_heads, head_dim, ...rest } = given
  const fields = { ...DEFAULTS, ...rest }
  const sizes = ['vocab_size', 'hidden_size', 'intermediate_size', 'num_hidden_layers', 'num_attention_heads'] as const
  for (const field of [...sizes, 'max_position_embeddings'] as const) checkInteger(OWNER, field, fields[field], 1)
  const { hidden_size: C, num_attention_heads: H } = fields
  const heads = { num_key_value_heads: keyValueHeads(H, num_key_value_heads), head_dim: headSize(C, H, head_dim) }
  const config: LlamaConfig = { ...fields, ...heads }
  for (const field of ['rms_norm_eps', 'initializer_range'] as const) checkNumber(OWNER, field, config[field], 0)
  checkProbability(OWNER, 'attention_dropout', config.attention_dropout)
  for (const field of ['attention_bias', 'mlp_bias', 'tie_word_embeddings'] as const) {
    checkBoolean(OWNER, field, config[field])
  }
  checkActivation(OWNER, 'hidden_act', config.hidden_act)
  const { vocab_size: V, pad_token_id: pad } = config
  if (pad !== null && (!Number.isInteger(pad) || pad < -V || pad >= V)) {
    throw bad(OWNER, 'pad_token_id', `null, or a token from 0 to ${V - 1}; negative ones count from the end`, pad)
  }
  rotaryFrequencies(OWNER, config)
  if (config['quantization_config'] != null) throw quantized(config['quantization_config'])
  return config
}

function keyValueHeads(H: number, given: number | null | undefined): number {
  const heads = checkInteger(OWNER, 'num_key_value_heads', given ?? H, 1)
  if (H % heads !== 0) throw bad(OWNER, 'num_key_value_heads', `a divisor of num_attention_heads = ${H}`, heads)
  return heads
}

function headSize(C: number, H: number, given: number | null | undefined): number {
  if (given == null && C % H !== 0) throw bad(OWNER, 'num_attention_heads', `a divisor of hidden_size = ${C}`, H)
  const D = checkInteger(OWNER, 'head_dim', given ?? C / H, 1)
  if (D % 2 !== 0) throw bad(OWNER, 'head_dim', 'an even number: rotary positions turn pairs', D)
  return D
}

function quantized(config: unknown): UnsupportedError {
  return new UnsupportedError({
    what: `${OWNER}: the weights of this checkpoint are quantised`,
    expected: 'weights in f32, bf16 or f16, and no quantization_config',
    received: JSON.stringify(config),
    fix: 'use the checkpoint that it was made from',
  })
}
