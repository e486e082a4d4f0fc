import { OptionError } from '../errors.js'
import { replaceModules } from '../lora/replace.js'
import { checkTargets, fits, showTarget } from '../lora/targets.js'
import type { Target } from '../lora/targets.js'
import { wrapForward } from '../nn/forward.js'
import type { Module } from '../nn/module.js'
import { checkOptions } from '../runtime/check-options.js'
import { bad, checkInteger } from '../runtime/options.js'
import { schemas } from '../runtime/tables.js'
import type { Tensor } from '../tensor/tensor.js'
import { AdaptedAddNorm, BottleneckAdapter, isAddNorm } from './bottleneck.js'
import type { BottleneckOptions } from './bottleneck.js'

/** Where adapters are inserted: after attention and MLP of each layer (`houlsby`), or after the MLP alone (`pfeiffer`). */
export type AdapterType = 'houlsby' | 'pfeiffer'

/** Options of {@link injectAdapters}. */
export interface InjectAdaptersOptions {
  /** Where adapters are inserted. @default 'houlsby' */
  type?: AdapterType
  /** Width of the bottleneck. @integer @minimum 1 @default 64 */
  size?: number
  /**
   * Modules that get an adapter, as in `injectLora`: the end of a half of a post-norm layer, such as `attention.output`, or any module of a layer that returns
   * hidden states. @default those of the type: `attention.output` and `output`, in pre-norm models `attn` and `mlp`
   */
  targets?: Target | readonly Target[]
  /** Activation of the adapters. @default 'swish' for Houlsby, 'relu' for Pfeiffer */
  activation?: NonNullable<BottleneckOptions['activation']>
}

const OWNER = 'adapters.injectAdapters'

/**
 * Inserts bottleneck adapters into an encoder, in place; call {@link trainOnly} next. They can be combined with LoRA.
 *
 * In post-norm models (BERT, RoBERTa, DeBERTa) the adapter lies between the dropout and the norm of a half of a layer, as in the original: with `houlsby`
 * after attention and MLP (swish), with `pfeiffer` after the MLP alone (relu), reading the normalised sum. In pre-norm models
 * (ModernBERT) it transforms the output of a half before it is added to the residual stream.
 * @example
 * adapters.injectAdapters(model, { type: 'pfeiffer', size: 16 })
 * adapters.trainOnly(model, ['adapters', 'head'])
 * @returns the paths of the adapters.
 * @throws {OptionError} when a target matches no module, or one that already has an adapter; the model is then unchanged.
 */
export function injectAdapters(model: Module, options: InjectAdaptersOptions = {}): string[] {
  checkOptions(OWNER, options, schemas.InjectAdaptersOptions)
  const type = options.type ?? 'houlsby'
  const size = options.size ?? 64
  const activation = options.activation ?? (type === 'houlsby' ? 'swish' : 'relu')
  const targets = adaptableModules(model, type, options.targets)
  const taken = targets.find(([, module]) => module instanceof AdaptedAddNorm || adapterOf(module) !== null)
  if (taken) throw adaptedAlready(taken[0])
  const config = configOf(model)
  const made = () => new BottleneckAdapter(config.width, size, { activation, std: config.std, dtype: config.dtype })
  const replacements = new Map<Module, Module>()
  for (const [, module] of targets) {
    if (isAddNorm(module)) replacements.set(module, new AdaptedAddNorm(module, made(), type === 'pfeiffer'))
    else attach(module, made())
  }
  replaceModules(model, replacements)
  return targets.map(([path]) => `${path}.adapter`)
}

/** The adapters of a model by their paths. */
export function adaptersOf(model: Module): Map<string, BottleneckAdapter> {
  const found = [...model.namedModules()].filter(([, module]) => module instanceof BottleneckAdapter)
  return new Map(found as [string, BottleneckAdapter][])
}

type Named = readonly [path: string, module: Module]

function adaptableModules(model: Module, type: AdapterType, targets: InjectAdaptersOptions['targets']): Named[] {
  const modules = [...model.namedModules()].filter(([path]) => path !== '')
  if (targets !== undefined) return chosen(modules, checkTargets(OWNER, 'targets', targets))
  const ends = modules.filter(([, module]) => isAddNorm(module) || module instanceof AdaptedAddNorm)
  const isAttention = (path: string) => /(^|\.)(attention|attn|self_attn)(\.|$)/.test(path)
  const halves =
    ends.length > 0 ? ends : modules.filter(([path]) => /\.\d+\.(attn|attention|self_attn|mlp)$/.test(path))
  const found = type === 'houlsby' ? halves : halves.filter(([path]) => !isAttention(path))
  if (found.length > 0) return found
  throw new OptionError({
    what: `${OWNER}: the model has no modules for adapters of this type`,
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

/** What an adapter takes from the model: the width of its hidden states, and how fresh weights are drawn. */
function configOf(model: Module): { width: number; std: number; dtype: 'f32' | 'f64' } {
  const config = (model as { config?: Record<string, unknown> }).config ?? {}
  const std = typeof config['initializer_range'] === 'number' ? config['initializer_range'] : 0.02
  const isDouble = model.parameters().every((tensor) => tensor.dtype === 'f64')
  return { width: checkInteger(OWNER, 'hidden_size', config['hidden_size'], 1), std, dtype: isDouble ? 'f64' : 'f32' }
}

/** Applies an adapter to the output of a module. The module keeps its submodules and their names; a copy of it has an adapter of its own. */
function attach(module: Module, adapter: BottleneckAdapter): void {
  adapter.training = module.training
  ;(module as Module & { adapter: BottleneckAdapter }).adapter = adapter
  Object.setPrototypeOf(module, withAdapter(Object.getPrototypeOf(module) as Module))
}

const adaptedClasses = new WeakMap<Module, Module>()

/** The class of a module whose forward ends in its adapter. A hook would be lost when the module is copied. */
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
    what: `${OWNER}: ${path} already has an adapter`,
    expected: 'modules without an adapter',
    received: path,
    fix: 'inject once, with all targets, into the plain model',
  })
}
