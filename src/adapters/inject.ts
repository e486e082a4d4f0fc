import { OptionError } from '../errors.js'
import { replaceModules } from '../lora/replace.js'
import { checkTargets, fits, showTarget } from '../lora/targets.js'
import type { Target } from '../lora/targets.js'
import { wrapForward } from '../nn/forward.js'
import type { Module } from '../nn/module.js'
import { checkOptions } from '../runtime/check-options.js'
import * as schemas from '../generated/options.js'
import { bad, checkInteger } from '../runtime/options.js'
import type { Tensor } from '../tensor/tensor.js'
import { AdaptedAddNorm, BottleneckAdapter, isAddNorm } from './bottleneck.js'
import type { BottleneckOptions } from './bottleneck.js'

/** Where adapters stand: behind both halves of a layer, or behind the second one. */
export type AdapterType = 'houlsby' | 'pfeiffer'

/** Options of {@link injectAdapters}. */
export interface InjectAdaptersOptions {
  /** Where adapters stand: behind both halves of a layer, or behind the second one. @default 'houlsby' */
  type?: AdapterType
  /** Width of the bottleneck. @integer @minimum 1 @default 64 */
  size?: number
  /**
   * Modules that get an adapter, as in `injectLora`: the end of a half of a post-norm layer, such as `attention.output`, or any module of a layer that gives
   * hidden states. @default the type's places in an encoder: `attention.output` and `output`, in pre-norm models `attn` and `mlp`
   */
  targets?: Target | readonly Target[]
  /** What stands between the two layers. @default 'swish' for Houlsby, 'relu' for Pfeiffer */
  activation?: NonNullable<BottleneckOptions['activation']>
}

const OWNER = 'adapters.injectAdapters'

/**
 * Puts bottleneck adapters into an encoder, in place, and leaves everything else as it is; follow it with {@link trainOnly}. They go together with LoRA.
 *
 * In post-norm models (BERT, RoBERTa, DeBERTa) the adapter stands between the dropout and the norm of a half of a layer, as in the original: with `houlsby`
 * behind attention and feed-forward part (swish), with `pfeiffer` behind the latter alone (relu), reading the normed sum. In pre-norm models
 * (ModernBERT) it works on what a half adds to the residual stream.
 * @example
 * adapters.injectAdapters(model, { type: 'pfeiffer', size: 16 })
 * adapters.trainOnly(model, ['adapters', 'head'])
 * @returns the paths of the adapters.
 * @throws {OptionError} when a target fits no module, or one that has an adapter already; the model is then unchanged.
 */
export function injectAdapters(model: Module, options: InjectAdaptersOptions = {}): string[] {
  checkOptions(OWNER, options, schemas.InjectAdaptersOptions)
  const type = options.type ?? 'houlsby'
  const size = options.size ?? 64
  const activation = options.activation ?? (type === 'houlsby' ? 'swish' : 'relu')
  const places = placesOf(model, type, options.targets)
  const taken = places.find(([, module]) => module instanceof AdaptedAddNorm || adapterOf(module) !== null)
  if (taken) throw adaptedAlready(taken[0])
  const config = configOf(model)
  const made = () => new BottleneckAdapter(config.width, size, { activation, std: config.std, dtype: config.dtype })
  const replacements = new Map<Module, Module>()
  for (const [, module] of places) {
    if (isAddNorm(module)) replacements.set(module, new AdaptedAddNorm(module, made(), type === 'pfeiffer'))
    else attach(module, made())
  }
  replaceModules(model, replacements)
  return places.map(([path]) => `${path}.adapter`)
}

/** The adapters of a model by their paths. */
export function adaptersOf(model: Module): Map<string, BottleneckAdapter> {
  const found = [...model.namedModules()].filter(([, module]) => module instanceof BottleneckAdapter)
  return new Map(found as [string, BottleneckAdapter][])
}

type Named = readonly [path: string, module: Module]

function placesOf(model: Module, type: AdapterType, targets: InjectAdaptersOptions['targets']): Named[] {
  const modules = [...model.namedModules()].filter(([path]) => path !== '')
  if (targets !== undefined) return chosen(modules, checkTargets(OWNER, 'targets', targets))
  const ends = modules.filter(([, module]) => isAddNorm(module) || module instanceof AdaptedAddNorm)
  const isAttention = (path: string) => /(^|\.)(attention|attn|self_attn)(\.|$)/.test(path)
  const halves =
    ends.length > 0 ? ends : modules.filter(([path]) => /\.\d+\.(attn|attention|self_attn|mlp)$/.test(path))
  const places = type === 'houlsby' ? halves : halves.filter(([path]) => !isAttention(path))
  if (places.length > 0) return places
  throw new OptionError({
    what: `${OWNER}: the model has no place for adapters of this type`,
    expected: 'an encoder with layers of attention and feed-forward parts',
    received: model.constructor.name,
    fix: 'name the modules: targets',
  })
}

function chosen(modules: readonly Named[], targets: readonly Target[]): Named[] {
  const lost = targets.find((target) => !modules.some(([path, module]) => fits(target, path, module)))
  const last = [...new Set(modules.map(([path]) => path.slice(path.lastIndexOf('.') + 1)))]
  if (lost !== undefined) throw bad(OWNER, 'targets', `names of modules: ${last.join(', ')}`, showTarget(lost))
  return modules.filter(([path, module]) => targets.some((target) => fits(target, path, module)))
}

/** What an adapter takes from the model: the width of its hidden states, and how its weights start. */
function configOf(model: Module): { width: number; std: number; dtype: 'f32' | 'f64' } {
  const config = (model as { config?: Record<string, unknown> }).config ?? {}
  const std = typeof config['initializer_range'] === 'number' ? config['initializer_range'] : 0.02
  const isDouble = model.parameters().every((tensor) => tensor.dtype === 'f64')
  return { width: checkInteger(OWNER, 'hidden_size', config['hidden_size'], 1), std, dtype: isDouble ? 'f64' : 'f32' }
}

/** Lets an adapter work on what a module puts out. The module keeps its parts and their names; a copy of it has an adapter of its own. */
function attach(module: Module, adapter: BottleneckAdapter): void {
  adapter.training = module.training
  ;(module as Module & { adapter: BottleneckAdapter }).adapter = adapter
  Object.setPrototypeOf(module, withAdapter(Object.getPrototypeOf(module) as Module))
}

const adaptedClasses = new WeakMap<Module, Module>()

/** The class of a module with an adapter behind its forward. A hook would stay behind when the module is copied. */
function withAdapter(prototype: Module): Module {
  let own = adaptedClasses.get(prototype)
  if (own === undefined) {
    const before = prototype.forward
    const forward = function (this: Module, ...args: unknown[]): unknown {
      return adapted(this, before.apply(this, args))
    }
    own = Object.create(prototype, { forward: { value: forward, writable: true, configurable: true } }) as Module
    wrapForward(own)
    adaptedClasses.set(prototype, own)
  }
  return own
}

function adapted(module: Module, output: unknown): unknown {
  if (Array.isArray(output)) return [adapterOf(module)!.forward(output[0] as Tensor), ...(output as unknown[]).slice(1)]
  return adapterOf(module)!.forward(output as Tensor)
}

function adapterOf(module: Module): BottleneckAdapter | null {
  const own = (module as { adapter?: unknown }).adapter
  return own instanceof BottleneckAdapter ? own : null
}

function adaptedAlready(path: string): OptionError {
  return new OptionError({
    what: `${OWNER}: ${path} has an adapter already`,
    expected: 'modules without an adapter',
    received: path,
    fix: 'inject once, with all targets, into the plain model',
  })
}
