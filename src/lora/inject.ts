import { OptionError } from '../errors.js'
import { Conv1d as PlainConv1d, Conv2d as PlainConv2d, Conv3d as PlainConv3d } from '../nn/conv.js'
import { Embedding as PlainEmbedding } from '../nn/embedding.js'
import { Linear as PlainLinear, TransposedLinear } from '../nn/linear.js'
import { MultiheadAttention as PlainAttention } from '../nn/multihead-attention.js'
import type { Module } from '../nn/module.js'
import { checkOptions, optionNames } from '../runtime/check-options.js'
import type { OptionSchema } from '../runtime/check-options.js'
import { bad, checkInteger } from '../runtime/options.js'
import { schemas } from '../runtime/tables.js'
import type { Tensor } from '../tensor/tensor.js'
import { isAdapter } from './adapter.js'
import type { Adapter } from './adapter.js'
import { Conv1d, Conv2d, Conv3d } from './conv.js'
import { Embedding } from './embedding.js'
import { inMode, isPlain } from './from-layer.js'
import type { LayerClass } from './from-layer.js'
import { Linear } from './linear.js'
import type { LoraDropoutOptions, LoraOptions } from './lora-layer.js'
import { MergedLinear } from './merged-linear.js'
import type { BlockOptions } from './blocks.js'
import { MultiheadAttention } from './multihead-attention.js'
import type { AttentionFromLayerOptions } from './multihead-attention.js'
import { replaceModules } from './replace.js'
import {
  cannotAdapt,
  checkTarget,
  checkTargets,
  excludesNothing,
  fits,
  fitsNothing,
  showTarget,
  some,
} from './targets.js'
import type { Named, Target } from './targets.js'
import { joinTied } from './tied.js'

/** Options of the LoRA layers that {@link injectLora} makes. */
export interface InjectLayerOptions
  extends
    Pick<LoraOptions, 'loraAlpha' | 'mergeWeights'>,
    LoraDropoutOptions,
    Pick<BlockOptions, 'blocks'>,
    Pick<AttentionFromLayerOptions, 'out'> {
  /** Rank of the update. @integer @minimum 1 @default none: each target needs one, here or among its own options */
  r?: number
  /**
   * Adapt only some output blocks of dense layers, which become `lora.MergedLinear`; in an attention, only some of q, k and v.
   * @minItems 1 @default the whole layer
   */
  enableLora?: readonly boolean[]
}

/** Targets with options that override the common ones: an object by layer name, or a Map by any kind of target. */
export type TargetOptions = Readonly<Record<string, InjectLayerOptions>> | ReadonlyMap<Target, InjectLayerOptions>

/** Options of {@link injectLora}. Layer options apply to every target that does not override them. */
export interface InjectOptions extends InjectLayerOptions {
  /**
   * Which layers get an adapter. Each entry must match at least one layer; a layer matched by several entries gets the options of the first.
   * @expected strings, RegExps or functions that name layers, or an object or Map of options for the layers they name
   */
  targets: Target | readonly Target[] | TargetOptions
  /** Layers to leave unchanged although a target matches them. Each entry must exclude at least one. @default none */
  exclude?: Target | readonly Target[]
  /**
   * Give every layer that shares the weight of an adapted layer the same update, with the same factors, so that the weights stay tied after
   * merging, e.g. a language-model head and the token embedding. @default false: it stays on the base weight
   */
  includeTied?: boolean
}

const OWNER = 'lora.injectLora'

/** How the layers of one class become LoRA layers. */
interface Adaptation {
  type: LayerClass
  /** The names of the options that `make` accepts. */
  keys: readonly string[]
  make(layer: Module, options: InjectLayerOptions): Adapter
}

// One row for each class of layers; `fromLayer` gets only the options that it knows.
const ADAPTATIONS: readonly Adaptation[] = [
  adaptation(PlainLinear, schemas.MergedFromLayerOptions, dense),
  adaptation(TransposedLinear, schemas.MergedFromLayerOptions, dense),
  adaptation(PlainEmbedding, schemas.FromLayerOptions, (layer, options) => Embedding.fromLayer(layer, options)),
  adaptation(PlainConv1d, schemas.ConvFromLayerOptions, (layer, options) => Conv1d.fromLayer(layer, options)),
  adaptation(PlainConv2d, schemas.ConvFromLayerOptions, (layer, options) => Conv2d.fromLayer(layer, options)),
  adaptation(PlainConv3d, schemas.ConvFromLayerOptions, (layer, options) => Conv3d.fromLayer(layer, options)),
  adaptation(PlainAttention, schemas.AttentionFromLayerOptions, (layer, o) => MultiheadAttention.fromLayer(layer, o)),
]

/**
 * Replaces layers of an existing model by LoRA layers, which keep the weight and bias tensors of the originals, now frozen:
 * `nn.Linear` → `lora.Linear`, `nn.TransposedLinear` → `lora.Linear` with `fanInFanOut`, `nn.Embedding` → `lora.Embedding`,
 * `nn.Conv1d`, `nn.Conv2d`, `nn.Conv3d` → `lora.Conv1d`, … (equal kernel sizes only), `nn.MultiheadAttention` → `lora.MultiheadAttention`.
 *
 * Layers are found in fields, arrays, maps, `nn.ModuleList` and `nn.Sequential`. The new layers are in the mode of the old ones and start
 * unmerged; the next `eval()` merges them. A head that is tied to an adapted embedding keeps the base weight unless `includeTied` is true.
 * The other parameters of the model are not changed: call {@link markOnlyLoraAsTrainable} afterwards. The base may be bf16 or f16.
 * @example
 * lora.injectLora(model, { targets: ['c_attn'], r: 4, loraAlpha: 32, enableLora: [true, false, true] })
 * lora.injectLora(model, { targets: { q_proj: { r: 16 }, v_proj: {} }, exclude: /^layers\.0\./, r: 8, loraAlpha: 16 })
 * lora.markOnlyLoraAsTrainable(model)
 * @returns the paths of the replaced layers, in the model's order.
 * @throws {OptionError} when a target matches no layer or an exclude matches none (similar names are suggested), when a string names a module
 * that cannot be adapted or is already adapted, or when an option is invalid. The model is then unchanged.
 * @see peft `inject_adapter_in_model`
 */
export function injectLora(model: Module, options: InjectOptions): string[] {
  checkOptions(OWNER, options, schemas.InjectOptions)
  const { targets, exclude = [], includeTied = false, ...common } = options
  const rules = readRules(targets, common)
  const modules = [...model.namedModules()].filter(([path]) => path !== '')
  const chosen = choose(modules, rules, checkTargets(OWNER, 'exclude', exclude))
  const replacements = unlessItThrows(chosen, () => {
    const made = new Map(chosen.map(({ path, layer, rule }) => [layer, adapt(path, layer, rule)]))
    return includeTied ? joinTied(modules, made) : made
  })
  for (const layer of replacements.keys()) for (const tensor of biases(layer)) tensor.requiresGrad = false
  replaceModules(model, replacements)
  return modules.filter(([, module]) => replacements.has(module)).map(([path]) => path)
}

/** A target with the options of its layers. */
interface Rule {
  target: Target
  /** Options given for these layers alone: one that a layer does not accept is an error. */
  own: InjectLayerOptions
  /** The common options overridden by the own ones. */
  options: InjectLayerOptions
}

interface Choice {
  path: string
  layer: Module
  rule: Rule
}

function readRules(targets: InjectOptions['targets'], common: InjectLayerOptions): Rule[] {
  const pairs = targetPairs(targets)
  if (pairs.length === 0) throw bad(OWNER, 'targets', 'strings, RegExps or functions that name layers', targets)
  return pairs.map(([target, own]) => {
    checkTarget(OWNER, 'targets', target)
    if (typeof own !== 'object' || own === null) throw bad(OWNER, `targets, ${showTarget(target)}`, 'options', own)
    checkOptions(`${OWNER}: targets, ${showTarget(target)}`, own, schemas.InjectLayerOptions)
    const options = { ...common, ...own }
    checkInteger(OWNER, 'r', options.r, 1)
    if (options.enableLora?.every((on) => on === false))
      throw bad(OWNER, 'enableLora', 'a list with at least one true', options.enableLora)
    return { target, own, options }
  })
}

function targetPairs(targets: InjectOptions['targets']): (readonly [Target, InjectLayerOptions])[] {
  if (targets instanceof Map) return [...(targets as ReadonlyMap<Target, InjectLayerOptions>)]
  const isRecord =
    typeof targets === 'object' && !Array.isArray(targets) && !(targets instanceof RegExp) && targets !== null
  if (isRecord) return Object.entries(targets as Record<string, InjectLayerOptions>)
  return checkTargets(OWNER, 'targets', targets as Target | readonly Target[]).map((target) => [target, {}])
}

/** The layers that the rules select, in the model's order. */
function choose(modules: readonly Named[], rules: readonly Rule[], exclude: readonly Target[]): Choice[] {
  const layers = modules.filter(([, module]) => adaptationOf(module) !== undefined)
  const unmatched = rules.filter(({ target }) => !layers.some(([path, layer]) => fits(target, path, layer)))
  if (unmatched.length > 0)
    throw fitsNothing(
      OWNER,
      unmatched.map(({ target }) => target),
      modules,
      layers,
    )
  const named = modules.filter(([path, module]) => rules.some((rule) => names(rule.target, path, module)))
  for (const target of exclude) {
    if (!named.some(([path, module]) => fits(target, path, module))) throw excludesNothing(OWNER, target, named)
  }
  const left = named.filter(([path, module]) => !exclude.some((target) => fits(target, path, module)))
  const refused = left.filter(([, module]) => adaptationOf(module) === undefined)
  if (refused.length > 0) throw cannotAdapt(OWNER, refused)
  if (left.length === 0) throw bad(OWNER, 'exclude', 'a list that leaves at least one layer', exclude.map(showTarget))
  const chosen = outermost(left).map(([path, layer]) => ({
    path,
    layer,
    rule: rules.find(({ target }) => fits(target, path, layer))!,
  }))
  for (const rule of rules) if (!chosen.some((choice) => choice.rule === rule)) checkOverlap(rule, rules, left)
  return chosen
}

/**
 * Whether a target selects this module. When a RegExp or function also matches a container, it selects the layers inside. Modules with weights but
 * without layers inside (a norm) and LoRA layers count as selected: the caller must exclude them.
 */
function names(target: Target, path: string, module: Module): boolean {
  if (!fits(target, path, module)) return false
  if (typeof target === 'string' || adaptationOf(module) !== undefined || isAdapter(module)) return true
  const isLeaf = [...module.children()].length === 0
  return isLeaf && [...module.ownTensors()].some(([, , kind]) => kind === 'parameter')
}

// Modules inside an adapted module belong to it.
function outermost(named: readonly Named[]): Named[] {
  const inside = new Set(named.flatMap(([, module]) => [...module.modules()].filter((part) => part !== module)))
  return named.filter(([, module]) => !inside.has(module))
}

// Targets without own options may overlap. Own options that no layer gets would be lost silently, so they are an error.
function checkOverlap(rule: Rule, rules: readonly Rule[], left: readonly Named[]): void {
  if (Object.keys(rule.own).length === 0) return
  const taken = left.filter(([path, module]) => fits(rule.target, path, module))
  const by = rules.find(({ target }) => taken.some(([path, module]) => fits(target, path, module)))
  throw new OptionError({
    what: `${OWNER}: the options of ${showTarget(rule.target)} apply to no layer`,
    expected: 'a target that matches a layer which no earlier target and no exclude matches',
    received: taken.length > 0 ? `${some(taken)}, taken by ${showTarget(by!.target)}` : 'all its layers are excluded',
    fix: taken.length > 0 ? 'put the narrower target first' : 'remove the target',
  })
}

function adapt(path: string, layer: Module, rule: Rule): Adapter {
  const { keys, make } = adaptationOf(layer)!
  const wrong = Object.keys(rule.own).filter((key) => !keys.includes(key))
  const { enableLora, blocks } = rule.options
  if (!keys.includes('enableLora') && (enableLora || blocks)) wrong.push('enableLora')
  if (wrong.length > 0) {
    const name = wrong.includes('enableLora') ? 'enableLora' : wrong[0]!
    const expected =
      name === 'enableLora'
        ? 'used with dense layers only'
        : `left out: a layer of this kind accepts ${keys.join(', ')}`
    throw bad(OWNER, name, expected, `a layer of class ${layer.constructor.name}, ${path}`)
  }
  const taken = Object.entries(rule.options).filter(([key]) => keys.includes(key))
  return inMode(make(layer, Object.fromEntries(taken)), layer)
}

function dense(layer: PlainLinear | TransposedLinear, options: InjectLayerOptions): Adapter {
  const { enableLora, blocks, ...rest } = options
  if (enableLora === undefined && blocks === undefined) return Linear.fromLayer(layer, rest)
  return MergedLinear.fromLayer(layer, options)
}

function adaptation<M extends Module>(
  type: abstract new (...args: never[]) => M,
  schema: OptionSchema,
  make: (layer: M, options: InjectLayerOptions) => Adapter,
): Adaptation {
  return { type: type as unknown as LayerClass, keys: optionNames(schema), make: make as Adaptation['make'] }
}

function adaptationOf(module: Module): Adaptation | undefined {
  return ADAPTATIONS.find(({ type }) => isPlain(module, type))
}

// A LoRA layer freezes the weight it is given. If an option turns out to be invalid at the third layer, the first two must not stay frozen.
function unlessItThrows<T>(chosen: readonly Choice[], build: () => T): T {
  const before = new Map<Tensor, boolean>()
  for (const { layer } of chosen) for (const tensor of layer.parameters()) before.set(tensor, tensor.requiresGrad)
  try {
    return build()
  } catch (error) {
    for (const [tensor, on] of before) tensor.requiresGrad = on
    throw error
  }
}

function biases(layer: Module): Tensor[] {
  return [...layer.ownTensors()].flatMap(([key, tensor]) => (key.endsWith('bias') ? tensor : []))
}
