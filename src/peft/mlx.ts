// The folders of mlx-lm: adapter_config.json and adapters.safetensors. Factors lie transposed, and the scale is what an update is multiplied by, not divided by the rank.
import { join } from 'node:path'
import { FormatError, UnsupportedError } from '../errors.js'
import { ADAPTER_CONFIG, MLX_ADAPTER_FILE } from '../hub/files.js'
import { lossOf } from '../io/conversion-loss.js'
import type { ConversionLoss } from '../io/conversion-loss.js'
import { load } from '../io/load.js'
import { save } from '../io/safetensors.js'
import { makeFolderNow, writeText } from '../io/write-text.js'
import type { StateDict } from '../nn/module.js'
import { show } from '../runtime/options.js'
import { cat, zeros } from '../tensor/make.js'
import { keep, noGrad } from '../tensor/scope.js'
import type { Tensor } from '../tensor/tensor.js'
import { foldScaling, formOf, hasTableName, layersOf } from './adapter-form.js'
import type { AdapterForm, AdapterLayer } from './adapter-form.js'

interface MlxConfig {
  fine_tune_type?: unknown
  lora_parameters?: { rank?: unknown; scale?: unknown; dropout?: unknown } | null
  model?: unknown
}

/** Whether the object of an adapter_config.json is that of mlx-lm. */
export function isMlxConfig(json: unknown): boolean {
  if (typeof json !== 'object' || json === null || 'peft_type' in json) return false
  return 'fine_tune_type' in json || 'lora_parameters' in json
}

/**
 * The adapter of mlx-lm in a folder. What it adapts is said by its tensors: layers that `num_layers` and `keys` mean and that have none have no update either.
 * @throws {UnsupportedError} for weights trained as a whole, and for adapted embeddings and experts.
 */
export async function readMlx(dir: string, json: unknown): Promise<AdapterForm> {
  const path = join(dir, ADAPTER_CONFIG)
  const { fine_tune_type: type = 'lora', lora_parameters: settings, model } = json as MlxConfig
  if (type !== 'lora' && type !== 'dora') throw notLora(path, type)
  const { rank, scale, dropout = 0 } = settings ?? {}
  const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value)
  if (!isNumber(rank) || !isNumber(scale) || !isNumber(dropout)) throw badSettings(path, settings)
  const dict = await load(join(dir, MLX_ADAPTER_FILE))
  try {
    const found = collect(path, dict, rank, type === 'dora')
    const layers = [...found].map(([name, parts]) => layerOf(name, scale, parts))
    const baseModelNameOrPath = typeof model === 'string' ? model : null
    return formOf(layers, { loraDropout: dropout, useDora: type === 'dora', baseModelNameOrPath })
  } finally {
    for (const tensor of Object.values(dict)) tensor.dispose()
  }
}

interface MlxParts {
  lora_a?: Tensor
  lora_b?: Tensor
  m?: Tensor
}

function collect(path: string, dict: StateDict, rank: number, isDora: boolean): Map<string, Required<MlxParts>> {
  const found = new Map<string, MlxParts>()
  for (const [key, tensor] of Object.entries(dict)) {
    const [, name, field] = /^(.+)\.(lora_a|lora_b|m)$/.exec(key) ?? []
    if (name === undefined || (field === 'm' && !isDora))
      throw badTensors(path, `no other tensors`, `${key} ${show(tensor)}`)
    // mlx-lm adapts a tied head with the embedding.
    if (hasTableName(name)) throw table(path, name)
    if (tensor.ndim !== (field === 'm' ? 1 : 2))
      throw badTensors(path, 'matrices, and norms of DoRA', `${key} ${show(tensor)}`)
    found.set(name, { ...found.get(name), [field!]: tensor })
  }
  for (const [name, { lora_a: a, lora_b: b, m }] of found) {
    const isWhole = a?.shape[1] === rank && b?.shape[0] === rank && (!isDora || m?.shape[0] === b.shape[1])
    const norms = isDora ? ', m (out)' : ''
    if (!isWhole)
      throw badTensors(path, `of ${name} lora_a (in, ${rank}), lora_b (${rank}, out)${norms}`, [a, b, m].map((each) => (each ? show(each) : 'none')).join(', ')) // prettier-ignore
  }
  return found as Map<string, Required<MlxParts>>
}

function layerOf(name: string, scaling: number, { lora_a: a, lora_b: b, m }: MlxParts): AdapterLayer {
  const magnitude = m === undefined ? null : noGrad(() => keep(m.clone()))
  const path = name.replace(/^model\.(h\.\d+\.)/, 'transformer.$1')
  return { path, scaling, a: flipped(a!), b: flipped(b!), isTable: false, magnitude, loraBias: null, bias: null }
}

const flipped = (tensor: Tensor): Tensor => noGrad(() => keep(tensor.detach().transpose(0, 1)))

/**
 * Writes the folder, the tensors first. One rank and one scale serve all layers there: smaller ranks are filled up with zeros, and other scalings go into B.
 * @throws {UnsupportedError} for what the format has no place for.
 */
export async function writeMlx(owner: string, dir: string, form: AdapterForm): Promise<ConversionLoss[]> {
  const { layers, others } = layersOf(owner, form)
  refuseOthers(owner, layers, others)
  const rank = Math.max(...layers.map(({ a }) => a.shape[0]!))
  const scale = layers.find(({ a }) => a.shape[0] === rank)!.scaling
  const tensors: StateDict = {}
  const folded: [path: string, error: number][] = []
  for (const layer of layers) {
    const name = mlxName(layer.path)
    const { b, error } = await foldScaling(layer, scale)
    folded.push([layer.path, error])
    tensors[`${name}.lora_a`] = flipped(filled(layer.a, rank, 0))
    tensors[`${name}.lora_b`] = flipped(filled(b, rank, 1))
    if (layer.magnitude) tensors[`${name}.m`] = layer.magnitude
  }
  makeFolderNow(dir)
  await save(tensors, join(dir, MLX_ADAPTER_FILE))
  const config = mlxConfig(form, layers, rank, scale)
  await writeText(join(dir, ADAPTER_CONFIG), `${JSON.stringify(config, null, 4)}\n`)
  for (const [key, tensor] of Object.entries(tensors)) if (!key.endsWith('.m')) tensor.dispose()
  return lossOf('one scale for all layers: the rest of the scaling went into lora_b', folded)
}

/** With more rows (or columns) of zeros, which change no product. */
function filled(tensor: Tensor, rank: number, dim: 0 | 1): Tensor {
  const more = rank - tensor.shape[dim]!
  if (more === 0) return tensor.detach()
  const shape = dim === 0 ? [more, tensor.shape[1]!] : [tensor.shape[0]!, more]
  return noGrad(() => keep(cat([tensor.detach(), zeros(shape, { dtype: tensor.dtype as 'f32' })], dim)))
}

/** mlx-lm's GPT-2 calls its decoder `model`. */
const mlxName = (path: string): string => path.replace(/^transformer\.(h\.\d+\.)/, 'model.$1')

/** Keys are whole paths, which mean the same layers of any model; with `num_layers` −1 names within a block would mean those of all blocks. */
function mlxConfig({ config }: AdapterForm, layers: readonly AdapterLayer[], rank: number, scale: number): object {
  const names = layers.map(({ path }) => mlxName(path))
  const inner = new Set(names.map((name) => name.replace(/^.*?\.\d+\./, '')))
  const blocks = new Set(names.map((name) => /^(.*?\.\d+)\./.exec(name)?.[1]))
  const isAll = !blocks.has(undefined) && inner.size * blocks.size === names.length
  const isFromFirst = [...blocks].every((block) => Number(/\d+$/.exec(block ?? '')?.[0]) < blocks.size)
  return {
    fine_tune_type: config.useDora ? 'dora' : 'lora',
    num_layers: -1,
    lora_parameters: { rank, scale, dropout: config.loraDropout, keys: isAll && isFromFirst ? [...inner] : names },
    model: config.baseModelNameOrPath,
  }
}

function refuseOthers(owner: string, layers: readonly AdapterLayer[], others: readonly string[]): void {
  const one = layers.find((layer) => layer.isTable || layer.loraBias || layer.bias)
  if (one === undefined && others.length === 0 && layers.length > 0) return
  const what =
    one === undefined
      ? `${others.length} tensors of modules that are trained as a whole: ${others.slice(0, 3).join(', ')}`
      : `${one.path} with ${one.isTable ? 'an adapted embedding' : one.bias ? 'a trained bias' : 'a bias of lora_B'}`
  throw new UnsupportedError({
    what: `${owner}: mlx-lm's form has no place for a part of the adapter`,
    expected: 'updates of dense layers, with or without DoRA',
    received: layers.length === 0 ? 'no layers' : what,
    fix: 'train without it, or write the merged model',
  })
}

function notLora(path: string, type: unknown): UnsupportedError {
  return new UnsupportedError({
    what: `${path}: this is no adapter of low rank`,
    expected: "fine_tune_type 'lora' or 'dora'",
    received: `fine_tune_type ${show(type)}`,
    fix: `load the whole weights: model.loadStateDict(await load('${MLX_ADAPTER_FILE}'), { strict: false })`,
  })
}

function table(path: string, name: string): UnsupportedError {
  return new UnsupportedError({
    what: `${path}: the adapter changes the embedding ${name}`,
    expected: 'updates of dense layers: mlx-lm adapts a tied head with its embedding, which nothing here does',
    received: `${name}.lora_a and .lora_b`,
    fix: 'fuse it with mlx_lm.fuse, and load the fused model',
  })
}

function badSettings(path: string, settings: unknown): FormatError {
  return new FormatError({
    what: `${path}: lora_parameters are not those of mlx-lm`,
    expected: 'rank, scale and dropout as numbers; scale multiplies the update',
    received: show(settings),
    fix: "write 'scale' (alpha / rank of other programs), or save the adapter again with a newer mlx-lm",
  })
}

function badTensors(path: string, expected: string, received: string): FormatError {
  return new FormatError({
    what: `${path}: the tensors beside it are not those that it describes`,
    expected,
    received,
    fix: `take ${ADAPTER_CONFIG} and ${MLX_ADAPTER_FILE} from one folder; layers of experts have no form here`,
  })
}
