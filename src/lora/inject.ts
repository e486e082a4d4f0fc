import { OptionError } from '../errors.js'
import { Embedding as PlainEmbedding } from '../nn/embedding.js'
import { Linear as PlainLinear, TransposedLinear } from '../nn/linear.js'
import type { Module } from '../nn/module.js'
import { bad, checkKeys, nearest } from '../nn/options.js'
import { Embedding } from './embedding.js'
import { Linear } from './linear.js'
import { isLoraLayer } from './lora-layer.js'
import type { LoraLayer } from './lora-layer.js'
import { MergedLinear } from './merged-linear.js'
import { replaceModules } from './replace.js'

/**
 * Names layers: a string fits a path that equals it or ends in `.` + it; a RegExp is tested on the whole path; a function decides by
 * path and layer.
 */
export type Target = string | RegExp | ((path: string, module: Module) => boolean)

/** Options of {@link injectLora}. */
export interface InjectOptions {
  /** Which layers get an adapter. Each entry must fit at least one layer. */
  targets: Target | readonly Target[]
  /** Layers that stay as they are, although a target fits. @default none */
  exclude?: Target | readonly Target[]
  /** Rank of the update, 1 or more. */
  r: number
  /** The update is multiplied by `loraAlpha / r`. @default 1 */
  loraAlpha?: number
  /** Dropout on the input of the low-rank path, in training; embeddings have none. @default 0 */
  loraDropout?: number
  /** `eval()` merges the update into the weight. @default true */
  mergeWeights?: boolean
  /** Adapt only some blocks of the outputs of dense layers: they become `lora.MergedLinear`. @default the whole layer */
  enableLora?: readonly boolean[]
}

type Adaptable = PlainLinear | TransposedLinear | PlainEmbedding

const KEYS = ['targets', 'exclude', 'r', 'loraAlpha', 'loraDropout', 'mergeWeights', 'enableLora']

/**
 * Turns layers of an existing model into LoRA layers, keeping their weight and bias (the tensors themselves, now frozen):
 * `nn.Linear` → `lora.Linear`, `nn.TransposedLinear` → `lora.Linear` with `fanInFanOut`, `nn.Embedding` → `lora.Embedding`.
 *
 * The new layers take over the mode of the old ones and start unmerged; the next `eval()` merges them.
 * The other parameters of the model are left alone: follow it with {@link markOnlyLoraAsTrainable}. The base may be bf16 or f16.
 * @example
 * lora.injectLora(model, { targets: ['c_attn'], r: 4, loraAlpha: 32, enableLora: [true, false, true] })
 * lora.markOnlyLoraAsTrainable(model)
 * @returns the paths of the layers replaced, in the model's order.
 * @throws {OptionError} when a target fits no layer (near names are given) or an option is not usable; the model is then unchanged.
 */
export function injectLora(model: Module, options: InjectOptions): string[] {
  checkKeys('lora.injectLora', options, KEYS)
  const { r } = options
  if (!Number.isInteger(r) || r < 1) throw bad('lora.injectLora', 'r', 'an integer, 1 or more', r)
  const targets = checkTargets('targets', options.targets)
  const exclude = checkTargets('exclude', options.exclude ?? [])
  const layers = new Map([...model.namedModules()].filter(([path]) => path !== ''))
  const chosen = choose(layers, targets, exclude)
  const adapted = unlessItThrows(chosen, () => chosen.map(([path, layer]) => adapt(path, layer, options)))
  const replacements = new Map<Module, Module>()
  chosen.forEach(([, layer], i) => {
    if ('bias' in layer && layer.bias) layer.bias.requiresGrad = false
    // Not train(): that would merge in evaluation mode, and a training loop on merged layers trains nothing.
    for (const module of adapted[i]!.modules()) module.training = layer.training
    replacements.set(layer, adapted[i]!)
  })
  replaceModules(model, replacements)
  return chosen.map(([path]) => path)
}

function choose(layers: Map<string, Module>, targets: Target[], exclude: Target[]): [string, Adaptable][] {
  const adaptable = [...layers].filter((entry): entry is [string, Adaptable] => isAdaptable(entry[1]))
  const lost = targets.filter((target) => !adaptable.some(([path, layer]) => fits(target, path, layer)))
  if (lost.length > 0) throw fitsNothing(lost, layers, adaptable)
  const chosen = adaptable.filter(
    ([path, layer]) =>
      targets.some((target) => fits(target, path, layer)) && !exclude.some((target) => fits(target, path, layer)),
  )
  if (chosen.length > 0) return chosen
  throw bad('lora.injectLora', 'exclude', 'a list that leaves at least one layer', exclude.map(String))
}

function adapt(path: string, layer: Adaptable, options: InjectOptions): LoraLayer {
  const { r, loraAlpha = 1, loraDropout = 0, mergeWeights = true, enableLora } = options
  const { weight } = layer
  if (layer instanceof PlainEmbedding) {
    if (enableLora) throw bad('lora.injectLora', 'enableLora', 'used with dense layers only', `an embedding, ${path}`)
    const { numEmbeddings, embeddingDim, paddingIdx, scaleGradByFreq } = layer
    const table = { weight, paddingIdx, scaleGradByFreq }
    return new Embedding(numEmbeddings, embeddingDim, { r, loraAlpha, mergeWeights, ...table })
  }
  const fanInFanOut = layer instanceof TransposedLinear
  const dense = { r, loraAlpha, loraDropout, mergeWeights, fanInFanOut, weight, bias: layer.bias ?? false }
  if (enableLora) return new MergedLinear(layer.inFeatures, layer.outFeatures, { ...dense, enableLora })
  return new Linear(layer.inFeatures, layer.outFeatures, dense)
}

// A LoRA layer freezes the weight it is given; a bad option that shows at the third layer must not leave two of them frozen.
function unlessItThrows<T>(chosen: [string, Adaptable][], build: () => T): T {
  const before = chosen.map(([, layer]) => layer.weight.requiresGrad)
  try {
    return build()
  } catch (error) {
    chosen.forEach(([, layer], i) => (layer.weight.requiresGrad = before[i]!))
    throw error
  }
}

function isAdaptable(module: Module): module is Adaptable {
  return module instanceof PlainLinear || module instanceof TransposedLinear || module instanceof PlainEmbedding
}

function fits(target: Target, path: string, module: Module): boolean {
  if (typeof target === 'string') return path === target || path.endsWith(`.${target}`)
  if (typeof target === 'function') return target(path, module)
  target.lastIndex = 0 // a RegExp with the g flag remembers where it stopped
  return target.test(path)
}

function checkTargets(name: string, given: Target | readonly Target[]): Target[] {
  const targets = Array.isArray(given) ? [...(given as Target[])] : [given as Target]
  const fine = targets.every((t) => typeof t === 'string' || typeof t === 'function' || t instanceof RegExp)
  if (!fine || (name === 'targets' && targets.length === 0)) {
    throw bad('lora.injectLora', name, 'strings, RegExps or functions that name layers', given)
  }
  return targets
}

function fitsNothing(lost: Target[], layers: Map<string, Module>, adaptable: [string, Adaptable][]): OptionError {
  const target = lost[0]!
  const others = [...layers].filter(([path, module]) => fits(target, path, module))
  const names = [...new Set(adaptable.map(([path]) => path.slice(path.lastIndexOf('.') + 1)))]
  return new OptionError({
    what: `lora.injectLora: no layer fits ${lost.map(String).join(', ')}`,
    expected: `targets that fit a dense layer or an embedding: ${names.join(', ') || 'the model has none'}`,
    received: others.length > 0 ? others.slice(0, 3).map(describe).join(', ') : String(target),
    fix: repair(target, others, names),
  })
}

function describe([path, module]: [string, Module]): string {
  return `${path} (${isLoraLayer(module) ? 'a LoRA layer already' : module.constructor.name})`
}

function repair(target: Target, others: [string, Module][], names: string[]): string {
  if (others.some(([, module]) => isLoraLayer(module))) return 'inject once, with all targets, into the plain model'
  if (others.length > 0) return 'name the layers inside it'
  const near = nearest(String(target), names)
  return near === undefined ? 'name one of the layers above' : `write '${near}'`
}
