// A model written to a GGUF file.
import { KeyError } from '../errors.js'
import { writeGguf, fileDtype, unchanged } from '../io/gguf/writer.js'
import type { GgufDtype, GgufTensorInfo } from '../io/gguf/writer.js'
import type { GgufField } from '../io/gguf/header.js'
import { ggufFileType } from '../native/files.js'
import { dtypeNumber } from '../native/record.js'
import { checkOptions } from '../runtime/check-options.js'
import { bad } from '../runtime/options.js'
import { schemas } from '../runtime/tables.js'
import { isBlocks } from '../tensor/dtype.js'
import { tensor as makeTensor } from '../tensor/make.js'
import { noGrad } from '../tensor/scope.js'
import type { Tensor } from '../tensor/tensor.js'
import type { Tokenizer } from '../tokenizer/tokenizer.js'
import { CausalLM } from './shared/causal-lm.js'
import { checkWithoutAdapters } from './shared/pretrained.js'
import { familyOfModel, tensorOf } from './gguf/family.js'
import type { GgufFamily } from './gguf/family.js'
import { configToFile } from './gguf-metadata.js'

/** Options of {@link saveGguf}. */
export interface SaveModelGgufOptions {
  /**
   * Type of the matrices in the file; vectors are f32. Where rows are no whole blocks, llama.cpp's fallback is taken: `q5_0` for `q4_k`, `q5_1` for `q5_k`, `q8_0`
   * for `q6_k`, `q4_0` for `q2_k` and `q3_k`; f16 where no block fits. @default each matrix its own
   */
  dtype?: GgufDtype
  /** The tokenizer of the model, with its chat template. llama.cpp turns no text into tokens without it. @default none */
  tokenizer?: Tokenizer
  /** Further fields, each with its type, such as `general.name`; they replace fields of the same key. @default none */
  metadata?: Readonly<Record<string, GgufField>>
  /** Wait until the file is on the disk (fsync), as in `save`. @default true */
  sync?: boolean
}

/** What {@link saveGguf} wrote. */
export interface SavedGguf {
  /** Type of each tensor in the file, by the names of llama.cpp. */
  types: Record<string, GgufDtype>
  /** Matrices whose rows are no whole blocks of the type that was asked for, with the type that they have instead. */
  fallbacks: Record<string, GgufDtype>
}

/**
 * Writes a language model to a GGUF file that llama.cpp reads: Llama, Mistral, Qwen2, Qwen3, Phi-3, Gemma 2 and 3 and GPT-2. Tensors are converted one after
 * the other, so that no second model is in memory; they must not be changed before it resolves. A model with adapters is merged first.
 *
 * @example
 * const merged = peftModel.mergeAndUnload()
 * const { fallbacks } = await lora.models.saveGguf(merged, 'model.gguf', { dtype: 'q4_k', tokenizer })
 * @throws {OptionError} for a model with adapters. @throws {UnsupportedError} for an architecture, a configuration or a tokenizer that the format cannot express.
 */
export async function saveGguf(model: CausalLM, path: string, options: SaveModelGgufOptions = {}): Promise<SavedGguf> {
  const owner = 'saveGguf'
  checkOptions(owner, options, schemas.SaveModelGgufOptions)
  if (!(model instanceof CausalLM))
    throw bad(owner, 'model', 'a language model, such as that of mergeAndUnload()', model)
  checkWithoutAdapters(owner, model)
  const { dtype = null, tokenizer, metadata = {}, sync = true } = options
  const family = familyOfModel(owner, model.config['model_type'])
  const written = configToFile(owner, family, model.config)
  const parts = partsOf(family, model, dtype)
  for (const [name, factors] of Object.entries(written.factors)) parts.unshift(factorPart(name, factors))
  const fields = {
    ...written.metadata,
    ...fileFields(parts, dtype),
    ...(tokenizer ? tokenizer.ggufFields(model.config['vocab_size'] as number) : NO_TOKENIZER),
    ...metadata,
  }
  const tensors = parts.map(({ info }) => info)
  const sources = parts.map(({ take }) => take)
  await writeGguf(
    path,
    { tensors, metadata: fields, sync },
    sources,
    parts.map(({ heads }) => heads),
  )
  const fallen = parts.filter(({ info, wanted }) => info.dtype !== wanted)
  const types = (list: readonly Part[]) => Object.fromEntries(list.map(({ info }) => [info.name, info.dtype]))
  return { types: types(parts), fallbacks: types(fallen) }
}

const NO_TOKENIZER: Record<string, GgufField> = { 'tokenizer.ggml.model': { type: 'string', value: 'none' } }

/** A tensor of the file, and how it is made. */
interface Part {
  readonly info: GgufTensorInfo
  /** The type that was asked for. */
  readonly wanted: GgufDtype
  /** Heads whose rows are put into llama.cpp's order; 0 for none. */
  readonly heads: number
  take(): Tensor
}

function partsOf(family: GgufFamily, model: CausalLM, dtype: GgufDtype | null): Part[] {
  const unknown: string[] = []
  const parts: Part[] = []
  const seen = new Set<Tensor>()
  for (const [name, tensor] of Object.entries(model.stateDict())) {
    const place = tensorOf(family, name)
    if (place === null) unknown.push(name)
    // A tied head is the embedding once more; a file without it is read so.
    else if (!(place.part === 'output' && seen.has(tensor))) parts.push(partOf(family, model, place, tensor, dtype))
    seen.add(tensor)
  }
  if (unknown.length === 0) return parts
  throw new KeyError({
    what: `saveGguf: ${unknown.length} parameters have no place in a GGUF file`,
    expected: `the parameters of a ${family.modelType}`,
    received: unknown.slice(0, 12).join(', '),
    fix: 'merge or remove what was added to the model',
  })
}

function partOf(
  family: GgufFamily,
  model: CausalLM,
  { tensor: name, part }: { tensor: string; part: string },
  tensor: Tensor,
  dtype: GgufDtype | null,
): Part {
  const isWeight = name.endsWith('.weight')
  const isTurned = isWeight && (family.transposed?.includes(part) ?? false)
  const shape = isTurned ? tensor.shape.toReversed() : [...tensor.shape]
  const source = unchanged(name, tensor)
  const wide = (make: (tensor: Tensor) => Tensor) => () => noGrad(() => make(source()))
  const heads = family.pairs && (part === 'attn_q' || part === 'attn_k') ? headsOf(model, part) : 0
  // llama.cpp adds up positions and embeddings in f32.
  const wanted = part === 'position_embd' ? 'f32' : dtype
  const stored = isTurned && isBlocks(tensor.dtype) ? 'f32' : tensor.dtype
  const info = { name, shape, dtype: fileDtype(name, { dtype: stored, shape }, wanted) }
  const common = { info, wanted: shape.length < 2 || wanted === null ? info.dtype : wanted, heads }
  if (family.offsetNorms && isWeight && part.endsWith('norm')) return { ...common, take: wide((norm) => norm.add(1)) }
  if (!isTurned) return { ...common, take: source }
  const turned = (weight: Tensor) => (isBlocks(weight.dtype) ? weight.to('f32') : weight).transpose(0, 1).contiguous()
  return { ...common, take: wide(turned) }
}

function headsOf(model: CausalLM, part: string): number {
  return model.config[part === 'attn_q' ? 'num_attention_heads' : 'num_key_value_heads'] as number
}

function factorPart(name: string, factors: readonly number[]): Part {
  const info: GgufTensorInfo = { name, shape: [factors.length], dtype: 'f32' }
  return { info, wanted: 'f32', heads: 0, take: () => makeTensor(Float32Array.from(factors)) }
}

/** What the file says of its own types: the type that most numbers have. */
function fileFields(parts: readonly Part[], dtype: GgufDtype | null): Record<string, GgufField> {
  const numbers = new Map<GgufDtype, number>()
  for (const { info } of parts) {
    const size = info.shape.reduce((product, size) => product * size, 1)
    numbers.set(info.dtype, (numbers.get(info.dtype) ?? 0) + size)
  }
  const most = dtype ?? [...numbers].sort(([, a], [, b]) => b - a)[0]![0]
  const type = ggufFileType(dtypeNumber(most))
  const hasBlocks = [...numbers.keys()].some(isBlocks)
  return {
    ...(type !== null && { 'general.file_type': { type: 'u32', value: type } as const }),
    ...(hasBlocks && { 'general.quantization_version': { type: 'u32', value: 2 } as const }),
  }
}
