// Puts an adapter into a model: LoRA layers, copies of modules, rows of embeddings; takes it out again.
import { UnsupportedError } from '../errors.js'
import { Conv1d, Conv2d, Conv3d } from '../lora/conv.js'
import { Embedding } from '../lora/embedding.js'
import type { FromLayerOptions } from '../lora/from-layer.js'
import { isLoraLayer } from '../lora/lora-layer.js'
import type { LoraLayer } from '../lora/lora-layer.js'
import { Linear } from '../lora/linear.js'
import { replaceModules } from '../lora/replace.js'
import { isNamed } from '../lora/targets.js'
import { Conv1d as PlainConv1d, Conv2d as PlainConv2d, Conv3d as PlainConv3d } from '../nn/conv.js'
import { Embedding as PlainEmbedding } from '../nn/embedding.js'
import { Linear as PlainLinear } from '../nn/linear.js'
import type { TransposedLinear } from '../nn/linear.js'
import type { Module } from '../nn/module.js'
import { bad } from '../runtime/options.js'
import type { Tensor } from '../tensor/tensor.js'
import { scalingOf } from './config.js'
import type { FullConfig } from './config.js'
import { SavedModule, TiedTokenRows, TokenRows } from './saved-module.js'
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
    replaceModules(model, withAdapter(owner, model, name, config, { targets, saved, tables }))
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
  owner: string,
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
  for (const [module, ids] of tables) {
    const rows = tokenRows(module, replaced)
    rows.add(name, ids)
    for (const [path, head] of tiedTo(model, module)) {
      if (head instanceof TiedTokenRows) continue
      if (replaced.has(head)) throw tiedRows(owner, path)
      replaced.set(head, new TiedTokenRows(head as PlainLinear, rows))
    }
  }
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
  const all = Array.from(parts(model), ([, part]) => part)
  for (const part of all) {
    if (isLoraLayer(part)) part.deleteAdapter(name)
    else if (part instanceof TokenRows) part.delete(name)
    else if (part instanceof SavedModule) {
      for (const [, tensor] of part.ownOf(name)) tensor.dispose()
      part.modules_to_save.delete(name)
    }
  }
  replaceModules(model, new Map(all.flatMap((part) => (isBare(part) ? [[part, part.toPlain()]] : []))))
}

function isBare(part: Part): boolean {
  if (part instanceof TokenRows) return part.token_adapter.size === 0
  if (part instanceof TiedTokenRows) return part.source.token_adapter.size === 0
  if (part instanceof SavedModule) return part.modules_to_save.size === 0
  return part.adapters.size === 0 && part.loraA === null
}

/** A module that holds adapters. */
export type Part = LoraLayer | SavedModule | TokenRows | TiedTokenRows

/** The modules that hold adapters, with their paths. */
export function* parts(model: Module): Iterable<[path: string, part: Part]> {
  for (const [path, module] of model.namedModules()) {
    if (module instanceof SavedModule || module instanceof TokenRows || module instanceof TiedTokenRows)
      yield [path, module]
    else if (isLoraLayer(module) && module.adapters.size > 0) yield [path, module]
  }
}

/** The names of the adapters that a module has. */
export function adaptersOf(part: Part): string[] {
  if (part instanceof TiedTokenRows) return []
  if (part instanceof TokenRows) return [...part.token_adapter.keys()]
  return [...(part instanceof SavedModule ? part.modules_to_save : part.adapters).keys()]
}

/** The parameters of an adapter in one module. */
export function ownParameters(part: Part, name: string): Tensor[] {
  if (part instanceof SavedModule) return part.ownOf(name).map(([, tensor]) => tensor)
  if (part instanceof TiedTokenRows) return []
  if (part instanceof TokenRows) return [part.token_adapter.get(name) ?? []].flat()
  return part.adapters.get(name)?.parameters() ?? []
}

/** The LoRA layer in place of a plain one, or the one that is there. */
function loraLayer(module: Module, replaced: Map<Module, Module>): LoraLayer {
  if (isLoraLayer(module)) return module
  const options = { r: 0, mergeWeights: false }
  const made = madeFrom(module, options)
  replaced.set(module, made)
  return made
}

function madeFrom(module: Module, options: FromLayerOptions): LoraLayer {
  if (module instanceof PlainEmbedding) return Embedding.fromLayer(module, options)
  if (module instanceof PlainConv1d) return Conv1d.fromLayer(module, options)
  if (module instanceof PlainConv2d) return Conv2d.fromLayer(module, options)
  if (module instanceof PlainConv3d) return Conv3d.fromLayer(module, options)
  return Linear.fromLayer(module as PlainLinear | TransposedLinear, options)
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
    const odd = tiedTo(model, found[1]).find(
      ([, each]) => !(each instanceof PlainLinear || each instanceof TiedTokenRows),
    )
    if (odd !== undefined) throw tiedRows(owner, odd[0])
    return [found[1], ids]
  })
}

/** The modules that share the weight of an embedding, but parts of what holds it. */
function tiedTo(model: Module, table: Module): [path: string, module: Module][] {
  const { weight } = table as Module & { weight: Tensor }
  const inside = new Set<Module>()
  return [...model.namedModules()].filter(([, module]) => {
    if (inside.has(module)) return false
    if (module === table || module instanceof TiedTokenRows) for (const each of module.modules()) inside.add(each)
    return module !== table && 'weight' in module && module.weight === weight
  })
}

/** Whether a module that gets no update has a bias of its own. */
function isBiased(path: string, module: Module, layers: ReadonlyMap<Module, LoraLayer>): boolean {
  if (path === '' || layers.has(module) || isLoraLayer(module) || module instanceof SavedModule) return false
  return [...module.ownTensors()].some(([key, , kind]) => key === 'bias' && kind === 'parameter')
}

function tiedRows(owner: string, path: string): UnsupportedError {
  return new UnsupportedError({
    what: `${owner}: trainableTokenIndices of an embedding whose weight ${path} shares`,
    expected: 'a weight of its own, or a tied head that is a plain nn.Linear',
    received: `${path}, which is adapted otherwise`,
    fix: 'leave the head out of targetModules and modulesToSave, or adapt the embedding as a whole',
  })
}
