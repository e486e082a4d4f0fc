import { bad, checkBoolean, checkInteger, checkNumber, checkProbability } from '../../runtime/options.js'
import { checkEnds, checkActivation } from '../shared/config.js'

/** The configuration of a GPT-2, as in `config.json`. */
export interface GPT2Config {
  /** Number of tokens V. @default 50257 */
  vocab_size: number
  /** Longest sequence. @default 1024 */
  n_positions: number
  /** Channels C. @default 768 */
  n_embd: number
  /** Blocks. @default 12 */
  n_layer: number
  /** Attention heads H; divides `n_embd`. @default 12 */
  n_head: number
  /** Width of the MLP; null for 4 · n_embd. @default null */
  n_inner: number | null
  /** `gelu_new`, `gelu_pytorch_tanh`, `gelu`, `relu`, `silu` or `tanh`. @default 'gelu_new' */
  activation_function: string
  /** Added to the variance in norms. @default 1e-5 */
  layer_norm_epsilon: number
  /** Standard deviation of fresh weights. @default 0.02 */
  initializer_range: number
  /** Dropout on the embeddings, in training. @default 0.1 */
  embd_pdrop: number
  /** Dropout on the attention weights, in training. @default 0.1 */
  attn_pdrop: number
  /** Dropout on the output of each half of a block, in training. @default 0.1 */
  resid_pdrop: number
  /** The head shares the weight of the token embedding. @default true */
  tie_word_embeddings: boolean
  /** Divide attention scores by √D. @default true */
  scale_attn_weights: boolean
  /** Divide them by the number of the block, too. @default false */
  scale_attn_by_inverse_layer_idx: boolean
  /** The token that begins a text. @default 50256 */
  bos_token_id: number | null
  /** Where generation stops. @default 50256 */
  eos_token_id: number | number[] | null
  /** The token that pads short rows. @default null */
  pad_token_id: number | null
  [other: string]: unknown
}

const DEFAULTS: GPT2Config = {
  model_type: 'gpt2',
  architectures: ['GPT2LMHeadModel'],
  vocab_size: 50257,
  n_positions: 1024,
  n_embd: 768,
  n_layer: 12,
  n_head: 12,
  n_inner: null,
  activation_function: 'gelu_new',
  layer_norm_epsilon: 1e-5,
  initializer_range: 0.02,
  embd_pdrop: 0.1,
  attn_pdrop: 0.1,
  resid_pdrop: 0.1,
  tie_word_embeddings: true,
  scale_attn_weights: true,
  scale_attn_by_inverse_layer_idx: false,
  bos_token_id: 50256,
  eos_token_id: 50256,
  pad_token_id: null,
}

/**
 * Fills in the defaults and checks every field that affects the shapes of the model.
 * @throws {OptionError} naming the field.
 */
export function gpt2Config(given: Partial<GPT2Config>): GPT2Config {
  const config = { ...DEFAULTS, ...given }
  const owner = 'GPT2Config'
  for (const field of ['vocab_size', 'n_positions', 'n_embd', 'n_layer', 'n_head'] as const) {
    checkInteger(owner, field, config[field], 1)
  }
  if (config.n_embd % config.n_head !== 0)
    throw bad(owner, 'n_head', `a divisor of n_embd = ${config.n_embd}`, config.n_head)
  if (config.n_inner !== null) checkInteger(owner, 'n_inner', config.n_inner, 1)
  checkNumber(owner, 'layer_norm_epsilon', config.layer_norm_epsilon, 0)
  checkNumber(owner, 'initializer_range', config.initializer_range, 0)
  for (const field of ['embd_pdrop', 'attn_pdrop', 'resid_pdrop'] as const)
    checkProbability(owner, field, config[field])
  for (const field of ['tie_word_embeddings', 'scale_attn_weights', 'scale_attn_by_inverse_layer_idx'] as const) {
    checkBoolean(owner, field, config[field])
  }
  checkActivation(owner, 'activation_function', config.activation_function)
  checkEnds(owner, config)
  const { pad_token_id: pad } = config
  if (pad != null && !Number.isInteger(pad)) throw bad(owner, 'pad_token_id', 'a token, or null', pad)
  if (config['add_cross_attention'])
    throw bad(owner, 'add_cross_attention', 'false', true, 'use a decoder-only checkpoint')
  return config
}
