// The families of decoders in GGUF files: which tensor of llama.cpp is which parameter of Hugging Face. One row per architecture.
import { UnsupportedError } from '../../errors.js'
import type { GgufHeader } from '../../io/gguf/header.js'

/** How an architecture is stored. */
export interface GgufFamily {
  /** `general.architecture`. */
  readonly architecture: string
  /** `model_type` of `config.json`. */
  readonly modelType: string
  /** Modules outside of the blocks: the name in the file → the path in the model. */
  readonly whole: Readonly<Record<string, string>>
  /** Path of the blocks in the model. */
  readonly blocks: string
  /** Modules of a block. */
  readonly block: Readonly<Record<string, string>>
  /** Rows of `attn_q` and `attn_k` are in llama.cpp's order: neighbouring features of a head turn together. @default false */
  readonly pairs?: boolean
  /** The file holds 1 + weight of norms, the model the weight (Gemma). @default false */
  readonly offsetNorms?: boolean
  /** Modules of a block whose weights are (in, out) in the model and (out, in) in the file (GPT-2). @default none */
  readonly transposed?: readonly string[]
}

const WHOLE = { token_embd: 'model.embed_tokens', output_norm: 'model.norm', output: 'lm_head' }
const MLP = { ffn_gate: 'mlp.gate_proj', ffn_up: 'mlp.up_proj', ffn_down: 'mlp.down_proj' }
const ATTENTION = {
  attn_q: 'self_attn.q_proj',
  attn_k: 'self_attn.k_proj',
  attn_v: 'self_attn.v_proj',
  attn_output: 'self_attn.o_proj',
}
const NORMS = { attn_norm: 'input_layernorm', ffn_norm: 'post_attention_layernorm' }
const HEAD_NORMS = { attn_q_norm: 'self_attn.q_norm', attn_k_norm: 'self_attn.k_norm' }
const GEMMA_NORMS = {
  attn_norm: 'input_layernorm',
  post_attention_norm: 'post_attention_layernorm',
  ffn_norm: 'pre_feedforward_layernorm',
  post_ffw_norm: 'post_feedforward_layernorm',
}
const BLOCK = { ...NORMS, ...ATTENTION, ...MLP }
const LLAMA = { whole: WHOLE, blocks: 'model.layers', block: BLOCK }

/** A Mistral is a `llama` with a window in its metadata; files of some tools name it `mistral`. The first row of a model type is the one that is written. */
export const GGUF_FAMILIES: readonly GgufFamily[] = [
  { architecture: 'llama', modelType: 'llama', ...LLAMA, pairs: true },
  { architecture: 'llama', modelType: 'mistral', ...LLAMA, pairs: true },
  { architecture: 'mistral', modelType: 'mistral', ...LLAMA, pairs: true },
  { architecture: 'qwen2', modelType: 'qwen2', ...LLAMA },
  { architecture: 'qwen3', modelType: 'qwen3', ...LLAMA, block: { ...BLOCK, ...HEAD_NORMS } },
  {
    architecture: 'phi3',
    modelType: 'phi3',
    ...LLAMA,
    block: {
      ...NORMS,
      attn_qkv: 'self_attn.qkv_proj',
      attn_output: 'self_attn.o_proj',
      ffn_up: 'mlp.gate_up_proj',
      ffn_down: 'mlp.down_proj',
    },
  },
  {
    architecture: 'gemma2',
    modelType: 'gemma2',
    ...LLAMA,
    block: { ...GEMMA_NORMS, ...ATTENTION, ...MLP },
    offsetNorms: true,
  },
  {
    architecture: 'gemma3',
    modelType: 'gemma3_text',
    ...LLAMA,
    block: { ...GEMMA_NORMS, ...HEAD_NORMS, ...ATTENTION, ...MLP },
    offsetNorms: true,
  },
  {
    architecture: 'gpt2',
    modelType: 'gpt2',
    whole: {
      token_embd: 'transformer.wte',
      position_embd: 'transformer.wpe',
      output_norm: 'transformer.ln_f',
      output: 'lm_head',
    },
    blocks: 'transformer.h',
    block: {
      attn_norm: 'ln_1',
      attn_qkv: 'attn.c_attn',
      attn_output: 'attn.c_proj',
      ffn_norm: 'ln_2',
      ffn_up: 'mlp.c_fc',
      ffn_down: 'mlp.c_proj',
    },
    transposed: ['attn_qkv', 'attn_output', 'ffn_up', 'ffn_down'],
  },
]

/**
 * The family of a file.
 * @throws {UnsupportedError} naming the known architectures; for adapters, and for files in several parts.
 */
export function familyOfFile(path: string, { metadata }: GgufHeader): GgufFamily {
  const architecture = metadata['general.architecture']?.value
  const type = metadata['general.type']?.value ?? 'model'
  const parts = Number(metadata['split.count']?.value ?? 1)
  if (parts > 1)
    throw unsupported(
      path,
      'a model in one file',
      `part ${Number(metadata['split.no']?.value ?? 0) + 1} of ${parts}`,
      'join the parts with llama-gguf-split --merge',
    )
  if (type !== 'model')
    throw unsupported(path, "general.type 'model'", `general.type '${String(type)}'`, 'give the file of the model')
  const hasWindow = metadata[`${String(architecture)}.attention.sliding_window`] !== undefined
  const fits = ({ architecture: name, modelType }: GgufFamily) =>
    name === architecture && (name !== 'llama' || (modelType === 'mistral') === hasWindow)
  const family = GGUF_FAMILIES.find(fits)
  if (family !== undefined) return family
  const known = [...new Set(GGUF_FAMILIES.map(({ architecture: name }) => name))].join(', ')
  throw unsupported(
    path,
    `general.architecture ${known}`,
    `general.architecture '${String(architecture)}'`,
    'use a model of one of these architectures',
  )
}

/** The family in which a model is written. @throws {UnsupportedError} for a model type that has none. */
export function familyOfModel(owner: string, modelType: unknown): GgufFamily {
  const family = GGUF_FAMILIES.find((each) => each.modelType === modelType)
  if (family !== undefined) return family
  throw new UnsupportedError({
    what: `${owner}: models of this architecture are not written to GGUF files`,
    expected: `model_type ${[...new Set(GGUF_FAMILIES.map((each) => each.modelType))].join(', ')}`,
    received: `model_type '${String(modelType)}'`,
    fix: 'write a folder with savePretrained, and convert it with llama.cpp',
  })
}

/** A tensor of a file: the parameter that it is, its part of the name (`attn_q`), and which of weight and bias. */
export interface GgufPlace {
  readonly name: string
  readonly part: string
  readonly kind: 'weight' | 'bias'
}

/** The parameter for a tensor of the file; null for a name that the family does not have. */
export function placeOf(family: GgufFamily, tensor: string): GgufPlace | null {
  const [, block, part, kind] = /^(?:blk\.(\d+)\.)?(\w+)\.(weight|bias)$/.exec(tensor) ?? []
  if (part === undefined) return null
  const table = block === undefined ? family.whole : family.block
  if (!Object.hasOwn(table, part)) return null
  const path = block === undefined ? table[part]! : `${family.blocks}.${block}.${table[part]!}`
  return { name: `${path}.${kind!}`, part, kind: kind as GgufPlace['kind'] }
}

/** The tensor of the file for a parameter, with its part of the name; null for a parameter that the family does not have. */
export function tensorOf(family: GgufFamily, parameter: string): { tensor: string; part: string } | null {
  const [, path, kind] = /^(.*)\.(weight|bias)$/.exec(parameter) ?? []
  if (path === undefined) return null
  const inBlock = path.startsWith(`${family.blocks}.`) ? path.slice(family.blocks.length + 1) : null
  if (inBlock === null) {
    const part = Object.keys(family.whole).find((key) => family.whole[key] === path)
    return part === undefined ? null : { tensor: `${part}.${kind!}`, part }
  }
  const dot = inBlock.indexOf('.')
  const part = Object.keys(family.block).find((key) => family.block[key] === inBlock.slice(dot + 1))
  return part === undefined ? null : { tensor: `blk.${inBlock.slice(0, dot)}.${part}.${kind!}`, part }
}

function unsupported(path: string, expected: string, received: string, fix: string): UnsupportedError {
  return new UnsupportedError({ what: `${path}: this GGUF file is not supported`, expected, received, fix })
}
