// A model in a GGUF file: its configuration, and its tensors under the names of Hugging Face.
import { FormatError, KeyError } from '../../errors.js'
import { loadGgufHeader, parseHeader } from '../../io/gguf/header.js'
import type { GgufHeader } from '../../io/gguf/header.js'
import { WeightsFile } from '../../native/files.js'
import { fromId } from '../../native/tensor.js'
import { isBlocks } from '../../tensor/dtype.js'
import { noGrad } from '../../tensor/scope.js'
import type { Tensor } from '../../tensor/tensor.js'
import { familyOfFile, placeOf } from './family.js'
import type { GgufFamily, GgufPlace } from './family.js'
import { configOfFile } from './read-config.js'
import type { RopeFactors } from './read-config.js'

/** Tensors that belong to the configuration. */
const FACTORS: Readonly<Record<string, keyof RopeFactors>> = {
  'rope_freqs.weight': 'freqs',
  'rope_factors_short.weight': 'short',
  'rope_factors_long.weight': 'long',
}

/** A model as a GGUF file holds it. */
export interface GgufModel {
  readonly config: Record<string, unknown>
  /** Parameters by the names of Hugging Face. */
  readonly dict: Record<string, Tensor>
}

/**
 * Reads a model from a GGUF file. Weights stay in the pages of the file; copied are only what lies there in another order or with another meaning: the rows of
 * `attn_q` and `attn_k` (llama), norms (Gemma), matrices that lie the other way round (GPT-2).
 * @throws {KeyError} for tensors that the architecture does not have. @throws {UnsupportedError} @throws {FormatError}
 */
export async function readGgufModel(path: string, mapped: boolean): Promise<GgufModel> {
  const file = await WeightsFile.open(path, mapped)
  const dict = Object.create(null) as Record<string, Tensor>
  try {
    const json = file.gguf()
    if (json === null) throw notGguf(path)
    const header = parseHeader(json)
    const family = familyOfFile(path, header)
    const config = configOfFile(path, family, header, await readFactors(file, header))
    const unknown: string[] = []
    for (const [i, { name }] of header.tensors.entries()) {
      if (Object.hasOwn(FACTORS, name)) continue
      const place = placeOf(family, name)
      if (place === null) unknown.push(name)
      else dict[place.name] = tensorOfModel(file, i, { path, family, place, config })
    }
    if (unknown.length > 0) throw unknownTensors(path, family, unknown)
    return { config, dict }
  } catch (error) {
    for (const each of Object.values(dict)) each.dispose()
    throw error
  } finally {
    file.close()
  }
}

/** Whether a GGUF file holds a tokenizer. */
export async function hasTokenizer(path: string): Promise<boolean> {
  const { metadata } = await loadGgufHeader(path)
  return (metadata['tokenizer.ggml.model']?.value ?? 'none') !== 'none'
}

/** The configuration of the model in a GGUF file. */
export async function readGgufConfig(path: string): Promise<Record<string, unknown>> {
  const file = await WeightsFile.open(path, true)
  try {
    const json = file.gguf()
    if (json === null) throw notGguf(path)
    const header = parseHeader(json)
    return configOfFile(path, familyOfFile(path, header), header, await readFactors(file, header))
  } finally {
    file.close()
  }
}

async function readFactors(file: WeightsFile, header: GgufHeader): Promise<RopeFactors> {
  const factors: { -readonly [Key in keyof RopeFactors]: RopeFactors[Key] } = {}
  for (const [i, { name }] of header.tensors.entries()) {
    if (!Object.hasOwn(FACTORS, name)) continue
    const tensor = fromId(file.tensor(i))
    factors[FACTORS[name]!] = Array.from((await tensor.data()) as Float32Array)
    tensor.dispose()
  }
  return factors
}

interface Taken {
  path: string
  family: GgufFamily
  place: GgufPlace
  config: Record<string, unknown>
}

/** A parameter, as the model has it. */
function tensorOfModel(file: WeightsFile, number: number, { path, family, place, config }: Taken): Tensor {
  const { part, kind } = place
  if (family.pairs && (part === 'attn_q' || part === 'attn_k')) {
    const heads = config[part === 'attn_q' ? 'num_attention_heads' : 'num_key_value_heads'] as number
    return fromId(file.headRows(number, heads))
  }
  const tensor = fromId(file.tensor(number))
  if (kind !== 'weight') return tensor
  if (family.offsetNorms && part.endsWith('norm')) return replaced(tensor, (norm) => norm.sub(1))
  if (!family.transposed?.includes(part)) return tensor
  if (isBlocks(tensor.dtype)) warnOfWidened(path)
  return replaced(tensor, (weight) => {
    const wide = isBlocks(weight.dtype) ? weight.to('f32') : weight
    const turned = wide.transpose(0, 1).contiguous()
    if (wide !== weight) wide.dispose()
    return turned
  })
}

function replaced(tensor: Tensor, make: (tensor: Tensor) => Tensor): Tensor {
  const made = noGrad(() => make(tensor))
  tensor.dispose()
  return made
}

const warned = new Set<string>()

function warnOfWidened(path: string): void {
  if (warned.has(path)) return
  warned.add(path)
  const text = `${path}: the matrices of GPT-2 lie the other way round in a GGUF file, and blocks cannot be turned: they are widened to f32 in memory`
  process.emitWarning(text, { type: 'LoraWarning', code: 'LORA_GGUF_WIDENED' })
}

function unknownTensors(path: string, family: GgufFamily, names: readonly string[]): KeyError {
  return new KeyError({
    what: `${path}: ${names.length} tensors are not part of ${family.architecture}`,
    expected: `token_embd, output_norm, output, and in each block ${Object.keys(family.block).join(', ')}`,
    received: names.slice(0, 12).join(', ') + (names.length > 12 ? ', …' : ''),
    fix: 'this variant of the architecture is not supported: use another model',
  })
}

function notGguf(path: string): FormatError {
  return new FormatError({
    what: `${path} is a file of weights without a configuration`,
    expected: 'a model folder, or a GGUF file',
    received: 'a weight file of another format',
    fix: 'give the folder that holds it and config.json',
  })
}
