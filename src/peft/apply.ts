// Puts an adapter into a model: LoRA layers, copies of modules, rows of embeddings; takes it out again.
import { UnsupportedError } from '../errors.js'
import { Embedding } from '../lora/embedding.js'
import { isLoraLayer } from '../lora/lora-layer.js'
import type { LoraLayer } from '../lora/lora-layer.js'
import { Linear } from '../lora/linear.js'
import { replaceModules } from '../lora/replace.js'
import { isNamed } from '../lora/targets.js'
import { Embedding as PlainEmbedding } from '../nn/embedding.js'
import type { Linear as PlainLinear, TransposedLinear } from '../nn/linear.js'
import type { Module } from '../nn/module.js'
import { bad } from '../runtime/options.js'
import type { Tensor } from '../tensor/tensor.js'
import { scalingOf } from './config.js'
import type { FullConfig } from './config.js'
import { SavedModule, TokenRows } from './saved-module.js'
import { targetModules } from './targets.js'
import type { TargetModule } from './targets.js'

/** Adds an adapter to a model. What is wrong is found before anything is changed. */
export function applyAdapter(owner: string, model: Module, name: string, config: FullConfig, isStrict: boolean): void {
  const targets = targetModules(owner, model, config, isStrict)
  const saved = savedModules(owner, model, config.modulesToSave ?? [], isStrict)
  const tables = tokenTables(owner, model, config)
  const before = model.parameters().map((tensor) => [tensor, tensor.requiresGrad] as const)
  for (const [tensor] of before) tensor.requiresGrad = false
  try {
    replaceModules(model, withAdapter(model, name, config, { targets, saved, tables }))
  } catch (error) {
    removeAdapter(model, name)
    for (const [tensor, on] of before) tensor.requiresGrad = on
    throw error
  }
}

/** What an adapter adds to. */
interface Places {
  targets: readonly TargetModule[]
  saved: readonly Module[]
  tables: readonly [Module, readonly number[]][]
}

/** Makes the parts of an adapter. @returns the modules that take the place of others */
function withAdapter(
  model: Module,
  name: string,
  config: FullConfig,
  { targets, saved, tables }: Places,
): Map<Module, Module> {
  const replaced = new Map<Module, Module>()
  const layers = new Map(targets.map(({ module }) => [module, loraLayer(module, replaced)] as const))
  for (const { module, r, loraAlpha } of targets) {
    layers.get(module)!.addAdapter(name, {
      r,
      loraAlpha,
      scaling: scalingOf(config, r, loraAlpha),
      loraDropout: config.loraDropout,
      useDora: config.useDora,
      loraBias: config.loraBias,
      ownBias: config.bias !== 'none',
      init: config.initLoraWeights,
    })
  }
  for (const module of saved) wrapped(module, replaced).add(name)
  for (const [module, ids] of tables) tokenRows(module, replaced).add(name, ids)
  if (config.bias === 'all') {
    const others = [...model.namedModules()].filter(([path, module]) => isBiased(path, module, layers))
    for (const [, module] of others) wrapped(module, replaced).add(name, true)
  }
  return replaced
}

/** The parameters of an adapter. */
export function adapterParameters(model: Module, name: string): Tensor[] {
  return [...parts(model)].flatMap(([, part]) => ownParameters(part, name))
}

/** Trains the parameters of some adapters, and none else. */
export function trainAdapters(model: Module, names: readonly string[]): void {
  for (const tensor of model.parameters()) tensor.requiresGrad = false
  for (const name of names) for (const tensor of adapterParameters(model, name)) tensor.requiresGrad = true
}

/** Takes an adapter out of a model and releases its tensors. A layer that is left without any becomes the plain one that it was. */
export function removeAdapter(model: Module, name: string): void {
  const bare = new Map<Module, Module>()
  for (const [, part] of [...parts(model)]) {
    if (isLoraLayer(part)) part.deleteAdapter(name)
    else if (part instanceof TokenRows) part.delete(name)
    else {
      for (const [, tensor] of part.ownOf(name)) tensor.dispose()
      part.modules_to_save.delete(name)
    }
    if (isBare(part)) bare.set(part, part.toPlain())
  }
  replaceModules(model, bare)
}

function isBare(part: Part): boolean {
  if (part instanceof TokenRows) return part.token_adapter.size === 0
  if (part instanceof SavedModule) return part.modules_to_save.size === 0
  return part.adapters.size === 0 && part.loraA === null
}

type Part = LoraLayer | SavedModule | TokenRows

/** The modules that hold adapters, with their paths. */
export function* parts(model: Module): Iterable<[path: string, part: Part]> {
  for (const [path, module] of model.namedModules()) {
    if (module instanceof SavedModule || module instanceof TokenRows) yield [path, module]
    else if (isLoraLayer(module) && module.adapters.size > 0) yield [path, module]
  }
}

function ownParameters(part: Part, name: string): Tensor[] {
  if (part instanceof SavedModule) return part.ownOf(name).map(([, tensor]) => tensor)
  if (part instanceof TokenRows) return [part.token_adapter.get(name) ?? []].flat()
  return part.adapters.get(name)?.parameters() ?? []
}

/** The LoRA layer in place of a plain one, or the one that is there. */
function loraLayer(module: Module, replaced: Map<Module, Module>): LoraLayer {
  if (isLoraLayer(module)) return module
  const options = { r: 0, mergeWeights: false }
  const made =
    module instanceof PlainEmbedding
      ? Embedding.fromLayer(module, options)
      : Linear.fromLayer(module as PlainLinear | TransposedLinear, options)
  replaced.set(module, made)
  return made
}

function wrapped(module: Module, replaced: Map<Module, Module>): SavedModule {
  const known = module instanceof SavedModule ? module : replaced.get(module)
  if (known instanceof SavedModule) return known
  const made = new SavedModule(module)
  replaced.set(module, made)
  return made
}

function tokenRows(module: Module, replaced: Map<Module, Module>): TokenRows {
  if (module instanceof TokenRows) return module
  const made = new TokenRows(module as PlainEmbedding)
  replaced.set(module, made)
  return made
}

/**
 * The modules that a configuration saves as a whole: all whose paths end with one of the names. PEFT does not ask for a dot before it, so that `norm` means
 * `input_layernorm` too, and for classifiers it writes names of heads that the model may not have.
 */
function savedModules(owner: string, model: Module, names: readonly string[], isStrict: boolean): Module[] {
  const modules = [...model.namedModules()].filter(([path]) => path !== '')
  const unknown = names.find((name) => !modules.some(([path]) => path.endsWith(name)))
  if (isStrict && unknown !== undefined) throw bad(owner, 'modulesToSave', 'names of modules of the model', unknown)
  return modules.filter(([path]) => names.some((name) => path.endsWith(name))).map(([, module]) => module)
}

/** The embeddings with trained rows, and the ids of these. */
function tokenTables(
  owner: string,
  model: Module,
  { trainableTokenIndices: given }: FullConfig,
): [Module, readonly number[]][] {
  if (given === null) return []
  const tables = [...model.namedModules()].filter(
    ([, module]) => module instanceof PlainEmbedding || module instanceof TokenRows,
  )
  const named: (readonly [string | null, readonly number[]])[] = Array.isArray(given)
    ? [[null, given as readonly number[]]]
    : Object.entries(given as Readonly<Record<string, readonly number[]>>)
  return named.map(([name, ids]) => {
    const found = tables.find(([path]) => name === null || isNamed(name, path))
    if (found === undefined) throw bad(owner, 'trainableTokenIndices', 'names of embeddings of the model', name)
    const table = found[1] instanceof TokenRows ? found[1].base_layer : (found[1] as PlainEmbedding)
    const wrong = ids.find((id) => !Number.isInteger(id) || id < 0 || id >= table.numEmbeddings)
    if (wrong !== undefined || new Set(ids).size < ids.length)
      throw bad(owner, 'trainableTokenIndices', `different ids below ${table.numEmbeddings}`, wrong ?? ids)
    const tied = [...model.modules()].find((each) => each !== table && 'weight' in each && each.weight === table.weight)
    if (tied !== undefined && !(tied instanceof TokenRows)) throw tiedRows(owner, found[0])
    return [found[1], ids]
  })
}

/** Whether a module that gets no update has a bias of its own. */
function isBiased(path: string, module: Module, layers: ReadonlyMap<Module, LoraLayer>): boolean {
  if (path === '' || layers.has(module) || isLoraLayer(module) || module instanceof SavedModule) return false
  return [...module.ownTensors()].some(([key, , kind]) => key === 'bias' && kind === 'parameter')
}

function tiedRows(owner: string, path: string): UnsupportedError {
  return new UnsupportedError({
    what: `${owner}: trainableTokenIndices of ${path}, whose weight the head shares`,
    expected: 'an embedding with a weight of its own',
    received: 'a model that ties its head to the embedding',
    fix: "adapt the embedding as a whole: targetModules with 'embed_tokens'",
  })
}
