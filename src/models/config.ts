// config.json of a model folder. Field names stay as Hugging Face writes them, unknown fields included, so that a folder read and
// written again says the same.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { FileError, FormatError, UnsupportedError } from '../errors.js'
import { bad, checkBoolean, checkInteger, checkNumber, checkProbability, nearest, show } from '../nn/options.js'

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
  /** Width of the MLP; null is 4 · n_embd. @default null */
  n_inner: number | null
  /** `gelu_new`, `gelu_pytorch_tanh`, `gelu`, `relu`, `silu` or `tanh`. @default 'gelu_new' */
  activation_function: string
  /** @default 1e-5 */
  layer_norm_epsilon: number
  /** Standard deviation of fresh weights. @default 0.02 */
  initializer_range: number
  /** Dropout on the embeddings, in training. @default 0.1 */
  embd_pdrop: number
  /** Dropout on the attention weights, in training. @default 0.1 */
  attn_pdrop: number
  /** Dropout on what each half of a block adds, in training. @default 0.1 */
  resid_pdrop: number
  /** The head shares the weight of the token embedding. @default true */
  tie_word_embeddings: boolean
  /** Divide attention scores by √D. @default true */
  scale_attn_weights: boolean
  /** Divide them by the number of the block too. @default false */
  scale_attn_by_inverse_layer_idx: boolean
  /** @default 50256 */
  bos_token_id: number | null
  /** Where generation stops. @default 50256 */
  eos_token_id: number | number[] | null
  /** @default null */
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

/** Activations by the names that config files use. */
export const ACTIVATIONS = ['gelu_new', 'gelu_pytorch_tanh', 'gelu', 'relu', 'silu', 'swish', 'tanh'] as const

/**
 * Fills in the defaults and checks every field that decides the shape of the model.
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
  if (!(ACTIVATIONS as readonly string[]).includes(config.activation_function)) {
    throw bad(owner, 'activation_function', ACTIVATIONS.join(', '), config.activation_function)
  }
  if (config['add_cross_attention'])
    throw bad(owner, 'add_cross_attention', 'false', true, 'use a decoder-only checkpoint')
  return config
}

/**
 * Reads `config.json` of a model folder.
 * @throws {FileError} when it cannot be read. @throws {FormatError} when it is not a JSON object.
 */
export async function readConfig(dir: string): Promise<Record<string, unknown>> {
  const path = join(dir, 'config.json')
  const config = parse(path, await read(path))
  if (typeof config === 'object' && config !== null && !Array.isArray(config)) return config as Record<string, unknown>
  throw notAnObject(path, show(config))
}

/**
 * The `model_type` of a configuration, if this package has the architecture.
 * @throws {UnsupportedError} naming those it has.
 */
export function checkModelType<T extends string>(config: Record<string, unknown>, known: readonly T[], dir: string): T {
  const type = config['model_type']
  const found = known.find((name) => name === type)
  if (found !== undefined) return found
  const near = typeof type === 'string' ? nearest(type, known) : undefined
  throw new UnsupportedError({
    what: `${dir}: this architecture is not supported`,
    expected: `model_type ${known.join(' or ')}`,
    received: `model_type ${show(type)}, architectures ${show(config['architectures'])}`,
    fix: near === undefined ? 'use a checkpoint of a supported architecture' : `write '${near}' if the file has a slip`,
  })
}

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw new FileError({
      what: `${path} cannot be read`,
      expected: 'a model folder in the Hugging Face layout',
      received: cause instanceof Error ? cause.message : String(cause),
      fix: 'check the path of the model folder',
      cause,
    })
  }
}

function parse(path: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw notAnObject(path, cause instanceof Error ? cause.message : String(cause), cause)
  }
}

function notAnObject(path: string, received: string, cause?: unknown): FormatError {
  const fix = 'copy config.json from the original checkpoint'
  return new FormatError({ what: `${path} is not usable`, expected: 'a JSON object', received, fix, cause })
}
