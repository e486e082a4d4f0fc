// PEFT's folders: adapter_config.json and adapter_model.safetensors.
import { existsSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { FileError, FormatError, KeyError } from '../errors.js'
import { ADAPTER_CONFIG, ADAPTER_FILES, MLX_ADAPTER_FILE } from '../hub/files.js'
import { load } from '../io/load.js'
import { save } from '../io/safetensors.js'
import { makeFolderNow, writeText } from '../io/write-text.js'
import { isLoraLayer } from '../lora/lora-layer.js'
import { Embedding } from '../lora/embedding.js'
import { changesBase } from '../lora/starts.js'
import type { Module, StateDict } from '../nn/module.js'
import { equal } from '../tensor/functions.js'
import { cat } from '../tensor/make.js'
import { noGrad } from '../tensor/scope.js'
import type { Tensor } from '../tensor/tensor.js'
import { parts } from './apply.js'
import { configJson, configOf } from './config.js'
import type { FullConfig, ModulePattern } from './config.js'
import { PREFIX, peftKey } from './adapter-form.js'
import type { AdapterForm } from './adapter-form.js'
import { SavedModule, TiedTokenRows, TokenRows } from './saved-module.js'

/** The tensors of an adapter under PEFT's keys. They are those of the model, not copies. */
export function peftStateDict(model: Module, name: string, config: FullConfig): StateDict {
  const dict: StateDict = {}
  const put = (key: string, tensor: Tensor | null | undefined) => {
    if (tensor) dict[PREFIX + key] = tensor
  }
  for (const [path, part] of parts(model)) {
    if (part instanceof TiedTokenRows) continue
    if (part instanceof TokenRows) put(`${path}.token_adapter.trainable_tokens_delta`, part.token_adapter.get(name))
    else if (part instanceof SavedModule) {
      for (const [key, tensor] of part.ownOf(name)) put(`${path}.${key}`, tensor)
    } else {
      const own = part.adapters.get(name)
      if (own === undefined) continue
      const isTable = part instanceof Embedding
      put(isTable ? `${path}.lora_embedding_A` : `${path}.lora_A.weight`, own.lora_A)
      put(isTable ? `${path}.lora_embedding_B` : `${path}.lora_B.weight`, own.lora_B)
      put(`${path}.lora_B.bias`, own.lora_bias)
      put(`${path}.lora_magnitude_vector`, own.magnitude)
      if (config.bias !== 'none') put(`${path}.base_layer.bias`, own.bias)
    }
  }
  return dict
}

/** An adapter of a model in PEFT's form; one that started from the base as a plain one, when `isPlain`. */
export function peftForm(model: Module, name: string, own: FullConfig, isPlain: boolean): AdapterForm {
  const converts = isPlain && changesBase(own.initLoraWeights)
  const config = converts ? plainConfig(own) : own
  const dict = peftStateDict(model, name, config)
  if (converts) Object.assign(dict, plainFactors(model, name))
  return { config, dict }
}

/** Writes PEFT's folder: the tensors first, so that a folder with a configuration is whole. */
export async function writePeft(dir: string, { config, dict }: AdapterForm): Promise<void> {
  // At once, so that the tensors are those of the moment of the call.
  makeFolderNow(dir)
  await save(dict, join(dir, ADAPTER_FILES[0]), { metadata: { format: 'pt' } })
  await writeText(join(dir, ADAPTER_CONFIG), `${JSON.stringify(configJson(config), null, 2)}\n`)
}

/** The configuration of the adapter of {@link plainFactors}: ranks are doubled, and scalings stay. */
function plainConfig(config: FullConfig): FullConfig {
  const [r, alpha] = [2, config.useRslora ? Math.SQRT2 : 2]
  const times = (pattern: ModulePattern, factor: number) =>
    Object.fromEntries(Object.entries(pattern).map(([key, value]) => [key, value * factor]))
  return {
    ...config,
    initLoraWeights: true,
    r: config.r * r,
    loraAlpha: config.loraAlpha * alpha,
    rankPattern: times(config.rankPattern, r),
    alphaPattern: times(config.alphaPattern, alpha),
  }
}

/** The factors of an adapter that learned a difference, [A; A₀] and [B, −B₀], which hold it for the base as it is. */
function plainFactors(model: Module, name: string): StateDict {
  const dict: StateDict = {}
  for (const [path, part] of parts(model)) {
    const own = isLoraLayer(part) ? part.adapters.get(name) : undefined
    const start = own?.residual()
    if (!own || !start) continue
    const [a, b] = noGrad(() => [cat([own.lora_A, start.a]), cat([own.lora_B, start.b.mul(-1)], 1)])
    Object.assign(dict, { [`${PREFIX}${path}.lora_A.weight`]: a, [`${PREFIX}${path}.lora_B.weight`]: b })
  }
  return dict
}

/** The tensors of PEFT's folder, whose configuration has been read. */
export async function readPeft(owner: string, dir: string, json: unknown): Promise<AdapterForm> {
  const config = configOf(json, join(dir, ADAPTER_CONFIG))
  const weights = ADAPTER_FILES.map((file) => join(dir, file)).find((file) => existsSync(file))
  if (weights === undefined) throw noFolder(owner, dir, `no ${ADAPTER_FILES.join(' and no ')}`)
  return { config, dict: await load(weights) }
}

/** The longest configuration that is read. */
const MOST_BYTES = 16 * 2 ** 20

/** The object of a folder's adapter_config.json. */
export async function readAdapterConfig(owner: string, dir: string): Promise<unknown> {
  const path = join(dir, ADAPTER_CONFIG)
  const found = await stat(path).catch((cause: unknown) => {
    throw noFolder(owner, dir, (cause as Error).message)
  })
  if (found.size > MOST_BYTES) throw notJson(path, `${found.size} bytes`)
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw noFolder(owner, dir, (cause as Error).message)
  })
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw notJson(path, (cause as Error).message, cause)
  }
}

function notJson(path: string, received: string, cause?: unknown): FormatError {
  return new FormatError({
    what: `${path} is not JSON`,
    expected: 'the file that was saved with an adapter',
    received,
    fix: 'save the adapter again',
    cause,
  })
}

/**
 * Copies the tensors of a file into an adapter that has been made for its configuration. All keys must have a place, and all tensors of the adapter a
 * key; else nothing is changed.
 */
export async function fillAdapter(
  owner: string,
  model: Module,
  name: string,
  config: FullConfig,
  dict: StateDict,
): Promise<void> {
  const places = peftStateDict(model, name, config)
  const modules = new Map(model.namedModules())
  const found = new Map<Tensor, Tensor>()
  const unknown: string[] = []
  for (const [key, tensor] of Object.entries(dict)) {
    const own = peftKey(key, name)
    const place = places[own] ?? places[own.replace(/\.base_layer\.bias$/, '.bias')]
    if (place !== undefined) found.set(place, tensor)
    else if (!(await isOfBase(owner, modules, own, tensor))) unknown.push(key)
  }
  const missing = Object.keys(places).filter((key) => !found.has(places[key]!))
  if (missing.length > 0 || unknown.length > 0) throw otherKeys(owner, missing, unknown)
  const names = new Map([...model.namedTensors()].map(([path, tensor]) => [tensor, path]))
  model.loadStateDict(Object.fromEntries([...found].map(([place, tensor]) => [names.get(place)!, tensor])), {
    strict: false,
  })
}

/** Whether a tensor is a copy of the base's own, as PEFT saves beside adapted embeddings. @throws {KeyError} when its values are others. */
async function isOfBase(
  owner: string,
  modules: ReadonlyMap<string, Module>,
  key: string,
  tensor: Tensor,
): Promise<boolean> {
  const match = /^(.*)\.base_layer\.weight$/.exec(key.slice(PREFIX.length))
  const layer = match && modules.get(match[1]!)
  if (!layer || !isLoraLayer(layer)) return false
  const { baseWeight } = layer
  const isSame =
    baseWeight.shape.join() === tensor.shape.join() && (await equal(baseWeight.detach().to(tensor.dtype), tensor))
  if (!isSame) throw otherBase(owner, key, baseWeight, tensor)
  return true
}

function noFolder(owner: string, dir: string, received: string): FileError {
  return new FileError({
    what: `${owner}: ${dir} is not the folder of an adapter`,
    expected: `${ADAPTER_CONFIG}, and ${[...ADAPTER_FILES, MLX_ADAPTER_FILE].join(' or ')}`,
    received,
    fix: 'pass the folder that savePretrained wrote; of several adapters each has a folder of its name',
  })
}

function otherKeys(owner: string, missing: readonly string[], unknown: readonly string[]): KeyError {
  const list = (keys: readonly string[]) =>
    keys.slice(0, 4).join(', ') + (keys.length > 4 ? ` and ${keys.length - 4} more` : '')
  return new KeyError({
    what: `${owner}: the tensors of the file are not those of the adapter`,
    expected: missing.length > 0 ? `also ${list(missing)}` : 'keys of the layers that the configuration names',
    received: unknown.length > 0 ? `keys with no place: ${list(unknown)}` : 'a file without them',
    fix: 'load the base model that the adapter was trained on, and take configuration and tensors from one folder',
  })
}

function otherBase(owner: string, key: string, own: Tensor, file: Tensor): KeyError {
  return new KeyError({
    what: `${owner}: the file brings another base weight, ${key}`,
    expected: `that of the base model, (${own.shape.join(', ')}): adapters share it`,
    received: `(${file.shape.join(', ')}) with other values`,
    fix: 'load the base model that it was trained on, with its resized or retrained embedding',
  })
}
