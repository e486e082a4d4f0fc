// Which modules a configuration means: PEFT's rules, and an error for a name that means none.
import { OptionError } from '../errors.js'
import { isLoraLayer } from '../lora/lora-layer.js'
import { Conv1d, Conv2d, Conv3d } from '../lora/conv.js'
import { Embedding } from '../lora/embedding.js'
import { Linear } from '../lora/linear.js'
import { excludesNothing, fitsNothing, isNamed } from '../lora/targets.js'
import type { Named } from '../lora/targets.js'
import { Conv1d as PlainConv1d, Conv2d as PlainConv2d, Conv3d as PlainConv3d } from '../nn/conv.js'
import { Embedding as PlainEmbedding } from '../nn/embedding.js'
import { Linear as PlainLinear, TransposedLinear } from '../nn/linear.js'
import type { Module } from '../nn/module.js'
import { bad } from '../runtime/options.js'
import { isAllLinear, keyFits, patternValue, pythonPattern, timedPattern } from './config.js'
import type { FullConfig } from './config.js'

/** The layers that PEFT adapts in a type of models when no targets are given. */
const DEFAULT_TARGETS: Readonly<Record<string, readonly string[]>> = {
  gpt2: ['c_attn'],
  llama: ['q_proj', 'v_proj'],
  mistral: ['q_proj', 'v_proj'],
  qwen2: ['q_proj', 'v_proj'],
  qwen3: ['q_proj', 'v_proj'],
  gemma2: ['q_proj', 'v_proj'],
  gemma3_text: ['q_proj', 'v_proj'],
  phi3: ['qkv_proj'],
  bert: ['query', 'value'],
  roberta: ['query', 'value'],
  'deberta-v2': ['query_proj', 'value_proj'],
}

/** A module that gets an update, with its rank and alpha. */
export interface TargetModule {
  readonly path: string
  readonly module: Module
  readonly r: number
  readonly loraAlpha: number
}

const PLAIN = [PlainLinear, TransposedLinear, PlainEmbedding, PlainConv1d, PlainConv2d, PlainConv3d]

/** Whether a module is a layer that can have named adapters. */
export function takesAdapters(module: Module): boolean {
  return [...PLAIN, Linear, Embedding, Conv1d, Conv2d, Conv3d].some((type) => module instanceof type)
}

/**
 * The modules that a configuration means, in the model's order. `isStrict`: a name in a list that means none is an error, and so is an exclude that
 * excludes none; a file of PEFT may hold such names.
 */
export function targetModules(owner: string, model: Module, config: FullConfig, isStrict: boolean): TargetModule[] {
  const modules = [...model.namedModules()].filter(([path]) => path !== '' && !isInsideAdapter(path))
  const layers = modules.filter(([, module]) => takesAdapters(module))
  const targets = config.targetModules ?? defaultTargets(owner, model)
  const isTarget = isAllLinear(targets) ? linearLayers(layers) : matcher(owner, 'targetModules', targets)
  const isExcluded = config.excludeModules === null ? null : matcher(owner, 'excludeModules', config.excludeModules)
  const isSaved = (path: string) => (config.modulesToSave ?? []).some((name) => path.split('.').includes(name))
  const inBlocks = blocksOf(owner, config)
  const meant = modules.filter(([path]) => isTarget(path) && !isSaved(path) && inBlocks(path))
  if (isStrict && Array.isArray(targets)) {
    const unmatched = (targets as string[]).filter((name) => !meant.some(([path]) => isNamed(name, path)))
    if (unmatched.length > 0) throw fitsNothing(owner, unmatched, modules, layers)
  }
  if (isStrict && config.excludeModules !== null && !meant.some(([path]) => isExcluded!(path)))
    throw excludesNothing(owner, String(config.excludeModules), meant)
  const left = meant.filter(([path]) => isExcluded?.(path) !== true)
  const chosen = typeof targets === 'string' ? left.filter(([, module]) => takesAdapters(module)) : left
  if (chosen.length === 0) throw fitsNothing(owner, [targets].flat() as string[], modules, layers)
  const refused = chosen.filter(([, module]) => !takesAdapters(module))
  if (refused.length > 0) throw noLayer(owner, refused)
  if (isStrict) checkPatterns(owner, config, chosen)
  return chosen.map(([path, module]) => ({
    path,
    module,
    r: patternValue(config.rankPattern, path) ?? config.r,
    loraAlpha: patternValue(config.alphaPattern, path) ?? config.loraAlpha,
  }))
}

/** Parts of a layer that has adapters already are none of the model's. */
const isInsideAdapter = (path: string): boolean => /(?:^|\.)(?:adapters|modules_to_save|token_adapter)\./.test(path)

/** What a list of names or a regular expression means. */
function matcher(owner: string, option: string, names: string | readonly string[]): (path: string) => boolean {
  if (typeof names !== 'string') return (path) => names.some((name) => isNamed(name, path))
  const whole = pythonPattern(owner, option, names)
  return (path) => whole.test(path)
}

/** Where heads are: a part of the model itself, or the decoder of a masked language model's head. */
const HEAD = /^(?:lm_head|classifier|score|decoder|(?:cls\.predictions|head)\.decoder)(?:\.|$)/

const DENSE = [PlainLinear, TransposedLinear, Linear]

/** All dense layers but the head. */
function linearLayers(layers: readonly Named[]): (path: string) => boolean {
  const dense = layers.filter(([, module]) => DENSE.some((type) => module instanceof type))
  const paths = new Set(dense.map(([path]) => path).filter((path) => !HEAD.test(path)))
  return (path) => paths.has(path)
}

function defaultTargets(owner: string, model: Module): readonly string[] {
  const type = (model as Module & { config?: { model_type?: unknown } }).config?.model_type
  const found = typeof type === 'string' ? DEFAULT_TARGETS[type] : undefined
  if (found !== undefined) return found
  const known = Object.keys(DEFAULT_TARGETS).join(', ')
  const fix = "name the layers, e.g. targetModules: 'all-linear'"
  throw bad(owner, 'targetModules', `given: there is a default for ${known} alone`, type ?? model.constructor.name, fix)
}

/** Whether a path lies in the blocks that a configuration names. */
function blocksOf(owner: string, { layersToTransform: wanted, layersPattern }: FullConfig): (path: string) => boolean {
  if (wanted === null) return () => true
  const blocks = [wanted].flat()
  const lists = layersPattern === null ? [] : [layersPattern].flat()
  const patterns = lists.length
    ? lists.map((name) => timedPattern(owner, 'layersPattern', name, `^.*?(?:^|\\.)${name}\\.(\\d+)\\.`))
    : [/^.*?\.[^.]*\.(\d+)\./, /^[^.]*\.(\d+)\./]
  return (path) => {
    const found = patterns.map((each) => each.exec(path)).find((match) => match !== null)
    return found !== undefined && blocks.includes(Number(found[1]))
  }
}

/** A rank that no layer gets would be lost silently. */
function checkPatterns(owner: string, config: FullConfig, chosen: readonly Named[]): void {
  for (const option of ['rankPattern', 'alphaPattern'] as const) {
    const unused = Object.keys(config[option]).find((key) => !chosen.some(([path]) => keyFits(key, path)))
    if (unused !== undefined) throw bad(owner, option, 'keys that name one of the targets', unused)
  }
}

function noLayer(owner: string, refused: readonly Named[]): OptionError {
  const shown = refused.slice(0, 3).map(([path, module]) => `${path} (${module.constructor.name})`)
  const isLora = refused.some(([, module]) => isLoraLayer(module))
  return new OptionError({
    what: `${owner}: the targets name modules that take no adapters`,
    expected: 'nn.Linear, nn.TransposedLinear, nn.Embedding, nn.Conv1d to nn.Conv3d',
    received: shown.join(', '),
    fix: isLora
      ? 'start from the plain model'
      : 'name other layers, or exclude these; for attention modules there is injectLora',
  })
}
