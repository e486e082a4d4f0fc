// An adapter between two formats: PEFT's configuration and PEFT's keys, which can hold what all others can; and the view of it as a list of layers.
import { FormatError } from '../errors.js'
import { lossOf, relativeError } from '../io/conversion-loss.js'
import type { ConversionLoss } from '../io/conversion-loss.js'
import type { StateDict } from '../nn/module.js'
import type { FloatDtype } from '../runtime/options.js'
import { keep, noGrad } from '../tensor/scope.js'
import type { Tensor } from '../tensor/tensor.js'
import { completeConfig, patternValue, scalingOf } from './config.js'
import type { FullConfig, LoraConfig } from './config.js'

/** What begins every key of PEFT. */
export const PREFIX = 'base_model.model.'

/** An adapter as PEFT holds it. */
export interface AdapterForm {
  readonly config: FullConfig
  readonly dict: StateDict
}

/** The update of one layer: `scaling · B A`. */
export interface AdapterLayer {
  readonly path: string
  readonly scaling: number
  /** (r, in); of an embedding (r, rows). */
  readonly a: Tensor
  /** (out, r); of an embedding (dim, r). */
  readonly b: Tensor
  /** Of an embedding: its keys have other names. */
  readonly isTable: boolean
  /** DoRA's norms, (out). */
  readonly magnitude: Tensor | null
  /** The bias of the second factor. */
  readonly loraBias: Tensor | null
  /** The bias of the layer that the adapter trained. */
  readonly bias: Tensor | null
}

/** Whether a path has the name of an embedding in the models that circulate; what it is for sure only a model says. */
export const hasTableName = (path: string): boolean =>
  /(?:^|\.)(?:embed_tokens|wte|wpe|tok_embeddings|(?:word|position|token_type)_embeddings)$/.test(path)

const FACTOR =
  /^(.+)\.(lora_A\.weight|lora_B\.weight|lora_B\.bias|lora_embedding_A|lora_embedding_B|lora_magnitude_vector)$/
const FIELDS: Readonly<Record<string, 'a' | 'b' | 'loraBias' | 'magnitude'>> = {
  'lora_A.weight': 'a',
  'lora_B.weight': 'b',
  'lora_B.bias': 'loraBias',
  lora_embedding_A: 'a',
  lora_embedding_B: 'b',
  lora_magnitude_vector: 'magnitude',
}

/** A key as PEFT writes it now: without the name of the adapter, which older files and state dicts in memory have. */
export function peftKey(key: string, name: string): string {
  const own = key.startsWith(PREFIX) ? key : `${PREFIX}${key}`
  return own
    .replace(
      new RegExp(
        `\\.(lora_[AB]|lora_embedding_[AB]|lora_magnitude_vector|modules_to_save)\\.(?:default|${name})(?=\\.|$)`,
      ),
      '.$1',
    )
    .replace('.modules_to_save.', '.')
    .replace(/\.lora_magnitude_vector\.weight$/, '.lora_magnitude_vector')
}

type Parts = { -readonly [K in keyof Omit<AdapterLayer, 'path' | 'scaling'>]?: AdapterLayer[K] }

/**
 * The layers of an adapter, in the order of the file, and the keys of what is none: modules that were trained as a whole, and rows of embeddings.
 * @throws {FormatError} for a layer that lacks a factor, and for factors that do not fit each other.
 */
export function layersOf(owner: string, { config, dict }: AdapterForm): { layers: AdapterLayer[]; others: string[] } {
  const found = new Map<string, Parts>()
  const rest: string[] = []
  for (const [given, tensor] of Object.entries(dict)) {
    const key = peftKey(given, 'default').slice(PREFIX.length)
    const [, path, field] = FACTOR.exec(key) ?? []
    if (path === undefined) {
      rest.push(key)
      continue
    }
    const parts = found.get(path) ?? {}
    parts[FIELDS[field!]!] = tensor
    if (field!.startsWith('lora_embedding')) parts.isTable = true
    found.set(path, parts)
  }
  const others = rest.filter((key) => !takeBias(key, dict, found))
  const layers = [...found].map(([path, parts]) => {
    const { a, b, isTable = false, magnitude = null, loraBias = null, bias = null } = parts
    const r = checkFactors(owner, path, a, b)
    const stated = patternValue(config.rankPattern, path) ?? config.r
    if (r !== stated) throw misfit(owner, path, `rank ${stated}, as the configuration says`, `factors of rank ${r}`)
    const alpha = patternValue(config.alphaPattern, path) ?? config.loraAlpha
    return { path, scaling: scalingOf(config, r, alpha), a: a!, b: b!, isTable, magnitude, loraBias, bias }
  })
  return { layers, others }
}

/** Gives a bias of an adapted layer to it. Copies of the base's own weights, which PEFT writes beside adapted embeddings, belong to no adapter. */
function takeBias(key: string, dict: StateDict, found: ReadonlyMap<string, Parts>): boolean {
  const [, path, what] = /^(.*?)(?:\.base_layer)?\.(bias|weight)$/.exec(key) ?? []
  const parts = path === undefined ? undefined : found.get(path)
  if (parts === undefined) return false
  if (what === 'bias') parts.bias = Object.entries(dict).find(([each]) => peftKey(each, 'default') === PREFIX + key)![1]
  return true
}

/** The rank of two factors. @throws {FormatError} unless they fit each other. */
export function checkFactors(owner: string, path: string, a: Tensor | undefined, b: Tensor | undefined): number {
  const shape = (tensor: Tensor | undefined) => (tensor ? `(${tensor.shape.join(', ')}) ${tensor.dtype}` : 'none')
  const isMatrix = (tensor: Tensor | undefined) => tensor?.ndim === 2 && /^(?:b?f16|f32|f64)$/.test(tensor.dtype)
  const r = a?.shape[0] ?? 0
  if (isMatrix(a) && isMatrix(b) && r > 0 && b!.shape[1] === r) return r
  throw misfit(owner, path, 'lora_A (r, in) and lora_B (out, r)', `lora_A ${shape(a)}, lora_B ${shape(b)}`)
}

/** Puts layers under PEFT's keys, with a configuration that names them and no others. */
export function formOf(layers: readonly AdapterLayer[], fields: LoraConfig, others: StateDict = {}): AdapterForm {
  const dict: StateDict = {}
  const put = (key: string, tensor: Tensor | null) => {
    if (tensor) dict[PREFIX + key] = tensor
  }
  for (const { path, a, b, isTable, magnitude, loraBias, bias } of layers) {
    put(isTable ? `${path}.lora_embedding_A` : `${path}.lora_A.weight`, a)
    put(isTable ? `${path}.lora_embedding_B` : `${path}.lora_B.weight`, b)
    put(`${path}.lora_B.bias`, loraBias)
    put(`${path}.lora_magnitude_vector`, magnitude)
    put(`${path}.base_layer.bias`, bias)
  }
  for (const [key, tensor] of Object.entries(others)) put(key, tensor)
  const ranks = layers.map(({ path, a }) => [path, a.shape[0]!] as const)
  const alphas = layers.map(({ path, a, scaling }) => [path, scaling * a.shape[0]!] as const)
  const [r, loraAlpha] = [mostCommon(ranks), mostCommon(alphas)]
  const config = completeConfig('convert', {
    ...fields,
    r,
    loraAlpha,
    rankPattern: Object.fromEntries(ranks.filter(([, each]) => each !== r)),
    alphaPattern: Object.fromEntries(alphas.filter(([, each]) => each !== loraAlpha)),
    ...targetsOf(layers.map(({ path }) => path)),
  })
  return { config, dict }
}

function mostCommon(pairs: readonly (readonly [string, number])[]): number {
  const counts = new Map<number, number>()
  for (const [, value] of pairs) counts.set(value, (counts.get(value) ?? 0) + 1)
  return [...counts].reduce((best, each) => (each[1] > best[1] ? each : best), [8, 0] as [number, number])[0]
}

const BLOCK = /^(.*?\.[^.]*|[^.]*)\.(\d+)\.(.+)$/

/** Targets that mean these layers of any model and no others: names and blocks where the same names are adapted in all of them, else whole paths. */
function targetsOf(paths: readonly string[]): Pick<LoraConfig, 'targetModules' | 'layersToTransform'> {
  const places = paths.map((path) => BLOCK.exec(path))
  const names = [...new Set(places.map((place) => place?.[3] ?? ''))]
  const blocks = [...new Set(places.map((place) => Number(place?.[2])))].sort((a, b) => a - b)
  const lists = new Set(places.map((place) => place?.[1]))
  const isProduct = places.every((place) => place !== null) && lists.size === 1
  return isProduct && names.length * blocks.length === paths.length
    ? { targetModules: names, layersToTransform: blocks }
    : { targetModules: paths, layersToTransform: null }
}

/** The adapter with its tensors in a type, and what that cost. */
export async function formWithDtype(
  form: AdapterForm,
  dtype: FloatDtype | undefined,
): Promise<{ form: AdapterForm; losses: ConversionLoss[] }> {
  if (dtype === undefined) return { form, losses: [] }
  const rounded: [key: string, error: number][] = []
  const dict: StateDict = {}
  for (const [key, tensor] of Object.entries(form.dict)) {
    dict[key] = tensor.dtype === dtype ? tensor : noGrad(() => keep(tensor.detach().to(dtype)))
    if (dict[key] !== tensor) rounded.push([key, await relativeError(tensor, dict[key])])
  }
  return { form: { config: form.config, dict }, losses: lossOf(`rounded to ${dtype}`, rounded) }
}

/**
 * B with the scaling of its layer in place of that of the target: `B · scaling / wanted`, so that the update is the same. The error of rounding is measured.
 */
export async function foldScaling({ b, scaling }: AdapterLayer, wanted: number): Promise<{ b: Tensor; error: number }> {
  if (scaling === wanted) return { b, error: 0 }
  if (wanted === 0) return { b: noGrad(() => keep(b.detach().mul(0))), error: 0 }
  const exact = noGrad(() =>
    keep(
      b
        .detach()
        .to('f64')
        .mul(scaling / wanted),
    ),
  )
  const folded = noGrad(() => keep(exact.to(b.dtype)))
  const error = await relativeError(exact, folded)
  exact.dispose()
  return { b: folded, error }
}

function misfit(owner: string, path: string, expected: string, received: string): FormatError {
  return new FormatError({
    what: `${owner}: the factors of ${path} are not those of an adapter`,
    expected,
    received,
    fix: 'take configuration and tensors from one folder; convolutions and experts have no form here',
  })
}
