// LoRA adapters in GGUF files, as llama.cpp reads them beside a base model. Factors lie as PEFT has them, under the names of the base's tensors; rows of lora_b of queries and
// keys are in the order that the base's rows have there.
import { open } from 'node:fs/promises'
import { FormatError, OptionError, UnsupportedError } from '../errors.js'
import { lossOf, relativeError } from '../io/conversion-loss.js'
import type { ConversionLoss } from '../io/conversion-loss.js'
import { parseHeader } from '../io/gguf/header.js'
import type { GgufField, GgufHeader } from '../io/gguf/header.js'
import { GGUF_DTYPES, writeGguf } from '../io/gguf/writer.js'
import type { GgufDtype } from '../io/gguf/writer.js'
import { makeFolderNow } from '../io/write-text.js'
import { GGUF_FAMILIES, familyOfModel, placeOf, tensorOf } from '../models/gguf/family.js'
import type { GgufFamily, GgufPlace } from '../models/gguf/family.js'
import { WeightsFile } from '../native/files.js'
import { fromId } from '../native/tensor.js'
import { show } from '../runtime/options.js'
import { isBlocks } from '../tensor/dtype.js'
import { keep, noGrad } from '../tensor/scope.js'
import type { Tensor } from '../tensor/tensor.js'
import { dirname } from 'node:path'
import { checkFactors, foldScaling, formOf, layersOf } from './adapter-form.js'
import type { AdapterForm, AdapterLayer } from './adapter-form.js'

/** Configuration of the base model: files of adapters hold neither its heads nor whether its head is tied. */
export type BaseConfig = Readonly<Record<string, unknown>>

/** Whether a file begins as a GGUF file does. */
export async function isGgufFile(path: string): Promise<boolean> {
  const file = await open(path)
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0)
    return bytesRead === 4 && buffer.toString('latin1') === 'GGUF'
  } finally {
    await file.close()
  }
}

/** Whether the header is that of an adapter. */
export const isGgufAdapter = ({ metadata }: GgufHeader): boolean => metadata['general.type']?.value === 'adapter'

/**
 * The adapter in a GGUF file.
 * @param base configuration of the base model; null where it is not known, which is enough unless llama.cpp has rows of the base in another order
 * @throws {OptionError} when the base must be known. @throws {UnsupportedError} for what is no update of a layer. @throws {FormatError}
 */
export async function readGgufAdapter(owner: string, path: string, base: BaseConfig | null): Promise<AdapterForm> {
  const file = await WeightsFile.open(path, false)
  const taken: Tensor[] = []
  try {
    const json = file.gguf()
    if (json === null) throw unsupported(path, 'a GGUF file', 'a file of another format', 'leave ggufFile out')
    const header = parseHeader(json)
    const family = familyOfAdapter(path, header, base)
    const alpha = alphaOf(path, header)
    const found = new Map<string, { place: GgufPlace; a?: Tensor; b?: Tensor }>()
    const unknown: string[] = []
    for (const [i, { name }] of header.tensors.entries()) {
      const [, of, factor] = /^(.+\.weight)\.lora_([ab])$/.exec(name) ?? []
      const place = of === undefined ? null : placeOf(family, of)
      if (place === null || place.part === 'position_embd') {
        unknown.push(name)
        continue
      }
      const heads = factor === 'b' ? headsOf(owner, path, family, place.part, base) : 0
      const stored = fromId(heads > 0 ? file.headRows(i, heads) : file.tensor(i))
      const tensor = isBlocks(stored.dtype) ? noGrad(() => keep(stored.to('f32'))) : stored
      if (tensor !== stored) stored.dispose()
      taken.push(tensor)
      found.set(of!, { ...(found.get(of!) ?? { place }), [factor!]: tensor })
    }
    if (unknown.length > 0 || found.size === 0) throw notUpdates(path, family, unknown)
    return formOf(
      [...found.values()].map(({ place, a, b }) => layerOf(path, place, a, b, alpha)),
      { taskType: 'CAUSAL_LM' },
    )
  } catch (error) {
    for (const tensor of taken) tensor.dispose()
    throw error
  } finally {
    file.close()
  }
}

function layerOf(
  path: string,
  place: GgufPlace,
  a: Tensor | undefined,
  b: Tensor | undefined,
  alpha: number,
): AdapterLayer {
  const isTable = place.part === 'token_embd'
  const layer = place.name.replace(/\.weight$/, '')
  // llama.cpp takes rows of lora_a for tokens.
  const own = isTable && a?.ndim === 2 ? noGrad(() => keep(a.transpose(0, 1).contiguous())) : a
  if (own !== a) a!.dispose()
  const r = checkFactors(path, layer, own, b)
  // Without alpha llama.cpp scales nothing.
  const scaling = alpha === 0 ? 1 : alpha / r
  return { path: layer, scaling, a: own!, b: b!, isTable, magnitude: null, loraBias: null, bias: null }
}

/**
 * Writes a GGUF file. One alpha serves all layers there: other scalings go into lora_b.
 * @returns what the file holds with other numbers
 * @throws {UnsupportedError} for what the format has no place for.
 */
export async function writeGgufAdapter(
  owner: string,
  path: string,
  form: AdapterForm,
  base: BaseConfig,
): Promise<ConversionLoss[]> {
  const { layers, others } = layersOf(owner, form)
  const family = familyOfModel(owner, base['model_type'])
  refuseOthers(owner, layers, others)
  const alpha = alphaFor(layers)
  const [folded, widened]: [string, number][][] = [[], []]
  const parts: { name: string; tensor: Tensor; heads: number }[] = []
  const made: Tensor[] = []
  try {
    for (const layer of layers) {
      const { name, part } = placeFor(owner, family, layer, base)
      const { b, error } = await foldScaling(layer, alpha / layer.a.shape[0]!)
      if (b !== layer.b) made.push(b)
      folded!.push([layer.path, error])
      const a = layer.isTable ? noGrad(() => keep(layer.a.detach().transpose(0, 1).contiguous())) : layer.a
      if (a !== layer.a) made.push(a)
      const heads = headsOf(owner, path, family, part, base)
      for (const [factor, tensor] of [
        ['a', a],
        ['b', b],
      ] as const)
        // prettier-ignore
        parts.push({ name: `${name}.lora_${factor}`, tensor, heads: factor === 'b' ? heads : 0 })
    }
    for (const part of parts) {
      if (part.tensor.dtype !== 'f64') continue
      const narrow = noGrad(() => keep(part.tensor.detach().to('f32')))
      made.push(narrow)
      widened!.push([part.name, await relativeError(part.tensor, narrow)])
      part.tensor = narrow
    }
    makeFolderNow(dirname(path))
    await writeGguf(
      path,
      {
        tensors: parts.map(({ name, tensor }) => ({ name, dtype: fileDtype(tensor), shape: tensor.shape })),
        metadata: fieldsOf(family, alpha),
      },
      parts.map(
        ({ tensor }) =>
          () =>
            tensor,
      ),
      parts.map(({ heads }) => heads),
    )
  } finally {
    for (const tensor of made) tensor.dispose()
  }
  return [
    ...lossOf('one alpha for all layers: the rest of the scaling went into lora_b', folded!),
    ...lossOf('rounded to f32: llama.cpp computes nothing in f64', widened!),
  ]
}

const fileDtype = ({ dtype }: Tensor): GgufDtype => GGUF_DTYPES.find((each) => each === dtype)!

function fieldsOf({ architecture }: GgufFamily, alpha: number): Record<string, GgufField> {
  return {
    'general.architecture': { type: 'string', value: architecture },
    'general.type': { type: 'string', value: 'adapter' },
    'adapter.type': { type: 'string', value: 'lora' },
    'adapter.lora.alpha': { type: 'f32', value: alpha },
  }
}

/** The alpha of most layers, as f32 holds it. An alpha of 0 would mean a scaling of 1. */
function alphaFor(layers: readonly AdapterLayer[]): number {
  const counts = new Map<number, number>()
  for (const { a, scaling } of layers) {
    const alpha = Math.fround(scaling * a.shape[0]!)
    if (alpha !== 0) counts.set(alpha, (counts.get(alpha) ?? 0) + 1)
  }
  return [...counts].reduce((best, each) => (each[1] > best[1] ? each : best), [1, 0])[0]
}

function alphaOf(path: string, { metadata }: GgufHeader): number {
  const { value = 0 } = metadata['adapter.lora.alpha'] ?? {}
  if (typeof value === 'number' && Number.isFinite(value)) return value
  throw new FormatError({
    what: `${path}: adapter.lora.alpha is no number`,
    expected: 'the numerator of the scaling',
    received: show(value),
    fix: 'convert the adapter again',
  })
}

/** The family of the base: by the architecture of the file, and by the base where it is known. */
function familyOfAdapter(path: string, header: GgufHeader, base: BaseConfig | null): GgufFamily {
  const text = (key: string) => {
    const value = header.metadata[key]?.value
    return typeof value === 'string' ? value : 'none'
  }
  const [type, kind, architecture] = [text('general.type'), text('adapter.type'), text('general.architecture')]
  if (type !== 'adapter')
    throw unsupported(path, "general.type 'adapter'", `general.type '${type}'`, 'load a model with AutoModelForCausalLM.fromPretrained') // prettier-ignore
  if (kind !== 'lora') throw unsupported(path, "adapter.type 'lora'", `adapter.type '${kind}'`, 'use another adapter')
  if (header.metadata['adapter.alora.invocation_tokens'] !== undefined)
    throw unsupported(path, 'an adapter that always acts', 'adapter.alora.invocation_tokens', 'use another adapter')
  const known = GGUF_FAMILIES.filter((family) => family.architecture === architecture)
  const modelType = base?.['model_type']
  const family = base === null ? known[0] : known.find((each) => each.modelType === modelType)
  if (family !== undefined) return family
  if (known.length > 0) {
    const expected = `a base of ${known.map((each) => each.modelType).join(' or ')}`
    throw unsupported(path, expected, `a base of ${show(modelType)}`, 'load the base that it was trained on')
  }
  const expected = [...new Set(GGUF_FAMILIES.map((each) => each.architecture))].join(', ')
  throw unsupported(path, `general.architecture ${expected}`, `general.architecture '${architecture}'`, 'use another adapter') // prettier-ignore
}

/** Heads whose rows lie in llama.cpp's order; 0 for none. */
function headsOf(owner: string, path: string, family: GgufFamily, part: string, base: BaseConfig | null): number {
  if (!family.pairs || (part !== 'attn_q' && part !== 'attn_k')) return 0
  if (base !== null) return base[part === 'attn_q' ? 'num_attention_heads' : 'num_key_value_heads'] as number
  throw new OptionError({
    what: `${owner}: ${path} does not say how many heads the base has, and the rows of ${part} depend on it`,
    expected: 'base: the folder, the hub id or the GGUF file of the base model',
    received: 'none',
    fix: `convert(input, output, { to, base: 'models/base' }), or load it into the model with loadAdapter`,
  })
}

function placeFor(owner: string, family: GgufFamily, { path, isTable }: AdapterLayer, base: BaseConfig) {
  const place = tensorOf(family, `${path}.weight`)
  const isTied = base['tie_word_embeddings'] === true
  const { part } = place ?? { part: '' }
  const reason =
    place === null || part === 'position_embd' || isTable !== (part === 'token_embd')
      ? `${path}, where ${family.architecture} has no matrix`
      : isTied && (part === 'output' || part === 'token_embd')
        ? `${path}, whose weight is embedding and head at once`
        : null
  if (reason === null) return { name: place!.tensor, part }
  throw noPlace(owner, reason)
}

function refuseOthers(owner: string, layers: readonly AdapterLayer[], others: readonly string[]): void {
  if (layers.length === 0) throw noPlace(owner, 'no layers')
  if (others.length > 0) throw noPlace(owner, `${others.length} tensors of modules that are trained as a whole: ${others.slice(0, 3).join(', ')}`) // prettier-ignore
  for (const { path, magnitude, bias, loraBias } of layers)
    if (magnitude || bias || loraBias)
      throw noPlace(owner, `${path} with ${magnitude ? 'DoRA' : bias ? 'a trained bias' : 'a bias of lora_B'}`)
}

function noPlace(owner: string, received: string): UnsupportedError {
  return new UnsupportedError({
    what: `${owner}: a GGUF file has no place for a part of the adapter`,
    expected: 'updates of the matrices of attention and MLP, and of an embedding or a head that are not tied',
    received,
    fix: 'train without it, or write the merged model with models.saveGguf',
  })
}

function notUpdates(path: string, family: GgufFamily, names: readonly string[]): UnsupportedError {
  const list = names.slice(0, 8).join(', ') + (names.length > 8 ? ', …' : '')
  const expected = `lora_a and lora_b of ${Object.keys(family.block).join(', ')}, token_embd or output`
  return unsupported(path, expected, names.length === 0 ? 'no tensors' : list, 'use another adapter')
}

function unsupported(path: string, expected: string, received: string, fix: string): UnsupportedError {
  return new UnsupportedError({ what: `${path}: this GGUF adapter is not supported`, expected, received, fix })
}
