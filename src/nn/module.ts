import { nameClass } from '../runtime/check-options.js'
import { inspect } from 'node:util'
import type { HookHandle } from '../tensor/hook-handle.js'
import { OptionError } from '../errors.js'
import { checkFailure } from '../native/engine.js'
import { setKind } from '../native/tensor.js'
import { noGrad } from '../tensor/scope.js'
import type { Dtype } from '../tensor/tensor.js'
import { KIND } from '../tensor/dtype.js'
import { Tensor } from '../tensor/tensor.js'
import { copyAll } from './copy.js'
import { findStateDict } from './find-state-dict.js'
import { wrapForward } from './forward.js'
import { registerModuleClass } from './is-module.js'
import { collectModules, contentOf, join } from './module-content.js'
import type { NamedModule } from './module-content.js'
import { addHook } from './module-hooks.js'
import type { ForwardHook, ForwardPreHook, FullBackwardHook, HookOptions } from './module-hooks.js'
import { checkTensors } from '../tensor/named-tensors.js'
import { badKeys } from './state-dict.js'

/** A tensor of a module itself: its key, the tensor, and whether it is trained or only kept. */
export type OwnTensor = readonly [key: string, tensor: Tensor, kind: 'parameter' | 'buffer']

/** What `loadStateDict` found. */
export interface LoadReport {
  /** Keys of the model that the dict lacks. */
  missingKeys: string[]
  /** Keys of the dict that the model lacks. */
  unexpectedKeys: string[]
}

/** A state dict: names to tensors. */
export type StateDict = Record<string, Tensor>

/** Makes a tensor a parameter: modules find it in their fields, optimizers train it. Returns the tensor. */
export function parameter(tensor: Tensor, requiresGrad = true): Tensor {
  tensor.isParameter = true
  const on = requiresGrad && tensor.dtype !== 'i64' && tensor.dtype !== 'u8' && tensor.dtype !== 'bool'
  tensor.requiresGrad = on
  setKind(tensor.id, on ? KIND.adapter : KIND.base)
  return tensor
}

/**
 * The base of all layers and models. Parameters, buffers and submodules are found by walking the module's own fields, arrays and maps of modules
 * too, in the order of assignment; the key of a tensor is the path of fields to it.
 *
 * `forward` is wrapped once per class: when the outermost call ends, the tensors it made are released, but for those in its result (any depth of
 * arrays and objects), in a field of a module of the call, in an object passed in, or wrapped in `keep(t)`. What backward needs lives on in the
 * tape. So a plain training loop runs in flat memory.
 */
export abstract class Module {
  /** Whether dropout and its like are active. */
  training = true
  /** Names of buffers; non-persistent ones are not saved. */
  private readonly bufferNames = new Map<string, boolean>()

  constructor() {
    hideField(this, 'training')
    hideField(this, 'bufferNames')
    wrapForward(new.target.prototype as Module)
  }

  /** Computes the module. Synchronous: it only records. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- every module has its own arguments
  abstract forward(...args: any[]): unknown

  /** Training mode for this module and all below. Returns the module. */
  train(mode = true): this {
    if (typeof mode !== 'boolean')
      throw new OptionError({
        what: 'train: the mode is not usable',
        expected: 'true or false',
        received: String(mode),
        fix: 'train() is train(true), eval() is train(false)',
      })
    this.training = mode
    for (const child of this.children()) child.train(mode)
    return this
  }

  /** Evaluation mode. LoRA layers merge. Returns the module. */
  eval(): this {
    return this.train(false)
  }

  /** Own parameters with their keys, in order, then own buffers. */
  *ownTensors(): Iterable<OwnTensor> {
    const buffers: OwnTensor[] = []
    for (const [name, item] of contentOf(this)) {
      if (!(item instanceof Tensor)) continue
      if (this.bufferNames.has(name)) buffers.push([name, item, 'buffer'])
      else if (item.isParameter) yield [name, item, 'parameter']
    }
    yield* buffers
  }

  /** Own submodules with their names, in order. */
  *namedChildren(): Iterable<[name: string, module: Module]> {
    for (const [name, item] of contentOf(this)) if (item instanceof Module) yield [name, item]
  }

  *children(): Iterable<Module> {
    for (const [, module] of this.namedChildren()) yield module
  }

  /** This module and all below with their paths; each once, under its first path. */
  *namedModules(prefix = '', seen = new Set<Module>()): Iterable<[path: string, module: Module]> {
    const found: NamedModule[] = []
    collectModules(this, prefix, found, (module) => {
      if (seen.has(module)) return false
      seen.add(module)
      return true
    })
    yield* found
  }

  *modules(): Iterable<Module> {
    for (const [, module] of this.namedModules()) yield module
  }

  /** The module at a path such as `h.3.attn`. @throws {OptionError} when there is none. */
  getSubmodule(path: string): Module {
    for (const [name, module] of this.allModules()) if (name === path) return module
    throw new OptionError({
      what: 'no such module',
      expected: 'a path of namedModules()',
      received: path,
      fix: 'list the paths: [...model.namedModules()].map(([path]) => path)',
    })
  }

  /** Parameters with their names; a tied one once, under its first name. */
  *namedParameters(): Iterable<[name: string, parameter: Tensor]> {
    const seen = new Set<Tensor>()
    for (const [name, tensor, kind] of this.namedTensors()) {
      if (kind === 'parameter' && !seen.has(tensor)) {
        seen.add(tensor)
        yield [name, tensor]
      }
    }
  }

  /** Parameters; a tied one once. */
  parameters(): Tensor[] {
    return Array.from(this.namedParameters(), ([, tensor]) => tensor)
  }

  *namedBuffers(): Iterable<[name: string, buffer: Tensor]> {
    for (const [name, tensor, kind] of this.namedTensors()) if (kind === 'buffer') yield [name, tensor]
  }

  /** Every tensor of this module and all below; a tied one under each of its names. `key` is its name in the owner. */
  *namedTensors(): Iterable<
    readonly [name: string, tensor: Tensor, kind: 'parameter' | 'buffer', owner: Module, key: string]
  > {
    for (const [path, module] of this.allModules()) {
      for (const [key, tensor, kind] of module.ownTensors()) yield [join(path, key), tensor, kind, module, key]
    }
  }

  /** Paths of modules, one that stands in several places under each of them. */
  private allModules(): NamedModule[] {
    const found: NamedModule[] = []
    collectModules(this, '', found, (module, above) => !above.includes(module))
    return found
  }

  /** Keeps a tensor that is no parameter. A non-persistent one is not saved. */
  registerBuffer(name: string, tensor: Tensor, options: { persistent?: boolean } = {}): void {
    this.bufferNames.set(name, options.persistent ?? true)
    ;(this as unknown as Record<string, unknown>)[name] = tensor
  }

  /** Live parameters and persistent buffers by name. LoRA layers list their unmerged weight. */
  stateDict(): StateDict {
    const dict: StateDict = {}
    for (const [name, tensor, kind, owner] of this.namedTensors()) {
      if (kind === 'parameter' || owner.isPersistent(name)) dict[name] = tensor
    }
    return dict
  }

  private isPersistent(name: string): boolean {
    return this.bufferNames.get(name.slice(name.lastIndexOf('.') + 1)) ?? true
  }

  /**
   * Copies tensors in by name, converted to the dtype that the model has. Keys and shapes are checked first; then all is changed or nothing.
   * Of a training checkpoint without tensors of its own the state dict in it is taken, under `model_state_dict`, `state_dict` or `model`; and a prefix
   * `module.` that all keys share goes when the model has the keys without it.
   * @throws {KeyError} listing every missing and unexpected key (unless `strict` is false) and every key of another shape.
   */
  loadStateDict(given: StateDict, options: { strict?: boolean } = {}): LoadReport {
    const own = new Map(Object.entries(this.stateDict()))
    const aliases = this.allAliases()
    const found = findStateDict(given, (key) => own.has(key) || aliases.has(key))
    checkTensors(`${this.constructor.name}.loadStateDict`, found)
    const dict = underOwnKeys(found, own, aliases)
    const optional = this.allOptionalKeys()
    const missingKeys = [...own.keys()].filter((key) => !(key in dict) && !optional.has(key))
    const unexpectedKeys = Object.keys(dict).filter((key) => !own.has(key))
    const misshapen = Object.entries(dict).filter(
      ([key, tensor]) => own.has(key) && own.get(key)!.shape.join() !== tensor.shape.join(),
    )
    const strict = options.strict ?? true
    if (misshapen.length || (strict && (missingKeys.length || unexpectedKeys.length))) {
      throw badKeys(this, own, dict, strict ? missingKeys : [], strict ? unexpectedKeys : [], misshapen)
    }
    const pairs = Object.entries(dict).filter(([key]) => own.has(key))
    // A disposed tensor must be noticed before the first one is changed.
    for (const [, tensor] of pairs) void tensor.id
    copyAll(pairs.map(([key, tensor]) => [own.get(key)!, tensor]))
    return { missingKeys, unexpectedKeys }
  }

  /** Keys of own tensors that older files lack; without one in the dict, the tensor stays as it is. */
  optionalKeys(): readonly string[] {
    return []
  }

  private allOptionalKeys(): Set<string> {
    const keys = Array.from(this.allModules(), ([path, module]) => module.optionalKeys().map((key) => join(path, key)))
    return new Set(keys.flat())
  }

  /** Other keys under which files hold own tensors, to the key that this class writes. They are read, never written. */
  keyAliases(): Readonly<Record<string, string>> {
    return {}
  }

  private allAliases(): Map<string, string> {
    const aliases = new Map<string, string>()
    for (const [path, module] of this.allModules()) {
      for (const [alias, key] of Object.entries(module.keyAliases())) aliases.set(join(path, alias), join(path, key))
    }
    return aliases
  }

  /** Makes all parameters trainable or frozen. Returns the module. */
  requiresGrad_(on = true): this {
    for (const tensor of this.parameters()) tensor.requiresGrad = on
    return this
  }

  /** Frees the gradients of all parameters. */
  zeroGrad(): void {
    checkFailure()
    for (const tensor of this.parameters()) tensor.grad = null
  }

  /** Converts all floating parameters and buffers; vectors (biases, norms) stay f32 beside half-precision weights. Returns the module. */
  to(dtype: Dtype): this {
    const converted = new Map<Tensor, Tensor>()
    for (const module of this.modules()) {
      for (const [key, tensor, kind] of [...module.ownTensors()]) {
        // Biases and norms stay f32 beside half-precision weights: training them in half precision would lose small updates.
        const target = tensor.ndim < 2 && (dtype === 'bf16' || dtype === 'f16') ? 'f32' : dtype
        if (!['f32', 'f64', 'bf16', 'f16'].includes(tensor.dtype) || tensor.dtype === target) continue
        let next = converted.get(tensor)
        if (!next) {
          next = noGrad(() => tensor.detach().to(target))
          if (kind === 'parameter') parameter(next, tensor.requiresGrad)
          converted.set(tensor, next)
        }
        module.setOwnTensor(key, next)
      }
    }
    return this
  }

  /** Puts a tensor in the place of an own one, by its key. */
  setOwnTensor(key: string, tensor: Tensor): void {
    const [name, ...rest] = key.split('.')
    const holder = this as unknown as Record<string, unknown>
    if (rest.length === 0) holder[name!] = tensor
    else (holder[name!] as unknown[])[Number(rest[0])] = tensor
  }

  /** Calls `fn` on this module and all below, children first. Returns the module. */
  apply(fn: (module: Module) => void): this {
    for (const child of this.children()) child.apply(fn)
    fn(this)
    return this
  }

  /**
   * Calls `hook(module, args)` before every forward of this module. An array that it returns takes the place of the arguments, anything else
   * but undefined that of the only argument.
   */
  registerForwardPreHook(hook: ForwardPreHook, options?: HookOptions): HookHandle {
    return addHook(this, 'pre', hook, options)
  }

  /**
   * Calls `hook(module, args, output)` after every forward of this module. What it returns takes the place of the output. Tensors that a hook
   * stores outside of the model are released with the outermost forward, unless wrapped in `lora.keep(t)`.
   */
  registerForwardHook(hook: ForwardHook, options?: HookOptions): HookHandle {
    return addHook(this, 'post', hook, options)
  }

  /**
   * Calls `hook(module, gradInput, gradOutput)` in backward, when the gradients of the arguments are known: those of arguments that are tensors
   * and of outputs that are, null where there is none. An array that it returns takes the place of `gradInput`.
   */
  registerFullBackwardHook(hook: FullBackwardHook, options?: HookOptions): HookHandle {
    return addHook(this, 'backward', hook, options)
  }

  /** What a module prints of itself besides its class. */
  extraRepr(): string {
    return ''
  }

  /** The submodules that a printed module lists. */
  protected shownChildren(): Iterable<[name: string, module: Module]> {
    return this.namedChildren()
  }

  toString(indent = ''): string {
    const name = this.constructor.name
    const children = [...this.shownChildren()]
    const own = this.extraRepr()
    const share = indent === '' ? trainableShare(this) : ''
    if (children.length === 0) return `${name}(${own})${share}`
    const lines = children.map(([key, child]) => `${indent}  (${key}): ${child.toString(`${indent}  `)}`)
    return `${name}(${own}${share}\n${lines.join('\n')}\n${indent})`
  }

  /** @internal */
  [inspect.custom](): string {
    return this.toString()
  }
}

registerModuleClass(Module)
nameClass('Module', Module)

/** The dict under the keys of the model. Where a file has a tensor under two names, the later one counts, as in PyTorch. */
function underOwnKeys(
  dict: StateDict,
  own: ReadonlyMap<string, Tensor>,
  aliases: ReadonlyMap<string, string>,
): StateDict {
  const renamed = (key: string) => (own.has(key) ? key : (aliases.get(key) ?? key))
  if (Object.keys(dict).every((key) => renamed(key) === key)) return dict
  return Object.fromEntries(Object.entries(dict).map(([key, tensor]) => [renamed(key), tensor]))
}

function trainableShare(module: Module): string {
  const parameters = module.parameters()
  const all = parameters.reduce((n, t) => n + t.numel, 0)
  const trainable = parameters.reduce((n, t) => n + (t.requiresGrad ? t.numel : 0), 0)
  return all === 0
    ? ''
    : `  ${trainable.toLocaleString('en')} of ${all.toLocaleString('en')} parameters trainable (${((100 * trainable) / all).toFixed(2)} %)`
}

// `training` and the names of buffers are no content of a module: neither walks nor console.log shall show them.
function hideField(module: object, name: string): void {
  Object.defineProperty(module, name, { enumerable: false, writable: true })
}
