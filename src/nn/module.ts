import { nameClass } from '../runtime/check-options.js'
import { inspect } from 'node:util'
import type { HookHandle } from '../tensor/hook-handle.js'
import { OptionError } from '../errors.js'
import { checkFailure } from '../native/engine.js'
import { setKind } from '../native/tensor.js'
import { noGrad } from '../tensor/scope.js'
import type { Dtype } from '../tensor/tensor.js'
import { KIND, dtypeForRows, isBlocks, isFloat } from '../tensor/dtype.js'
import { Tensor } from '../tensor/tensor.js'
import { copyAll } from '../tensor/copy.js'
import { findStateDict } from './find-state-dict.js'
import { wrapForward } from './forward.js'
import { registerModuleClass } from './is-module.js'
import { markAsState } from '../tensor/lasting.js'
import { collectModules, contentOf, join } from './module-content.js'
import type { NamedModule } from './module-content.js'
import { addHook } from './module-hooks.js'
import type { ForwardHook, ForwardPreHook, FullBackwardHook, HookOptions } from './module-hooks.js'
import { checkTensors } from '../tensor/named-tensors.js'
import { badKeys, checkDict, refuseUnused } from './state-dict.js'

/** An own tensor of a module: its key, the tensor, and whether it is a parameter or a buffer. */
export type OwnTensor = readonly [key: string, tensor: Tensor, kind: 'parameter' | 'buffer']

/** The result of `loadStateDict`. */
export interface LoadReport {
  /** Keys of the model that the dict lacks. */
  missingKeys: string[]
  /** Keys of the dict that the model lacks. */
  unexpectedKeys: string[]
}

/** A state dict: names to tensors. */
export type StateDict = Record<string, Tensor>

/** Makes a tensor a parameter: modules list it and optimizers can train it. Returns the same tensor. */
export function parameter(tensor: Tensor, requiresGrad = true): Tensor {
  tensor.isParameter = true
  const on = requiresGrad && isFloat(tensor.dtype)
  tensor.requiresGrad = on
  setKind(tensor.id, on ? KIND.adapter : KIND.base)
  return tensor
}

/**
 * The base class of all layers and models. Parameters, buffers and submodules are found in the module's own fields, including arrays, maps and plain
 * objects, in the order of assignment; the key of a tensor is the path of fields to it. Nobody sees what is in a private field (`#name`): a forward that
 * calls a module with trainable parameters from there is an error, and so is a Set of modules.
 *
 * `forward` is wrapped once per class: when the outermost call ends, the tensors it made are released, except those in its result (at any depth of
 * arrays and objects), in a field of a called module, in an object passed in, or wrapped in `keep(t)`. What backward needs is kept by the tape.
 * So memory stays constant over a plain training loop.
 */
export abstract class Module {
  /** Whether the module is in training mode, in which e.g. dropout is active. */
  training = true
  /** Names of buffers, and whether each is persistent. */
  private readonly bufferNames = new Map<string, boolean>()

  constructor() {
    hideField(this, 'training')
    hideField(this, 'bufferNames')
    wrapForward(new.target.prototype as Module)
  }

  /** Computes the module. It must be synchronous: it only records operations. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- every module has its own arguments
  abstract forward(...args: any[]): unknown

  /** Sets training mode (or with false, evaluation mode) for this module and all submodules. Returns the module. */
  train(mode = true): this {
    if (typeof mode !== 'boolean')
      throw new OptionError({
        what: 'train: the mode is not a boolean',
        expected: 'true or false',
        received: String(mode),
        fix: 'call train(), which is train(true), or eval(), which is train(false)',
      })
    this.training = mode
    for (const child of this.children()) child.train(mode)
    return this
  }

  /** Sets evaluation mode for this module and all submodules. LoRA layers merge, unless `mergeWeights` is false. Returns the module. */
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

  /** Own submodules, in order. */
  *children(): Iterable<Module> {
    for (const [, module] of this.namedChildren()) yield module
  }

  /** This module and all submodules with their paths; each once, under its first path. */
  *namedModules(prefix = '', seen = new Set<Module>()): Iterable<[path: string, module: Module]> {
    const found: NamedModule[] = []
    collectModules(this, prefix, found, (module) => {
      if (seen.has(module)) return false
      seen.add(module)
      return true
    })
    yield* found
  }

  /** This module and all submodules, each once. */
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

  /** All parameters with their names; a tied one once, under its first name. */
  *namedParameters(): Iterable<[name: string, parameter: Tensor]> {
    const seen = new Set<Tensor>()
    for (const [name, tensor, kind] of this.namedTensors()) {
      if (kind === 'parameter' && !seen.has(tensor)) {
        seen.add(tensor)
        yield [name, tensor]
      }
    }
  }

  /** All parameters; a tied one once. */
  parameters(): Tensor[] {
    return Array.from(this.namedParameters(), ([, tensor]) => tensor)
  }

  /** All buffers with their names. */
  *namedBuffers(): Iterable<[name: string, buffer: Tensor]> {
    for (const [name, tensor, kind] of this.namedTensors()) if (kind === 'buffer') yield [name, tensor]
  }

  /** All parameters and buffers of this module and its submodules; a tied one under each of its names. `key` is its name in the owner. */
  *namedTensors(): Iterable<
    readonly [name: string, tensor: Tensor, kind: 'parameter' | 'buffer', owner: Module, key: string]
  > {
    for (const [path, module] of this.allModules()) {
      for (const [key, tensor, kind] of module.ownTensors()) yield [join(path, key), tensor, kind, module, key]
    }
  }

  /** All modules with their paths; a module reached by several paths is listed under each of them. */
  private allModules(): NamedModule[] {
    const found: NamedModule[] = []
    collectModules(this, '', found, (module, above) => !above.includes(module))
    return found
  }

  /**
   * Adds a buffer: a tensor that belongs to the module but is not a parameter, such as a running statistic or an average of weights. With
   * `persistent: false` it is not saved. As a parameter, it is never lost to a failure: a change of it that fails or is aborted leaves it as it was.
   */
  registerBuffer(name: string, tensor: Tensor, options: { persistent?: boolean } = {}): void {
    this.bufferNames.set(name, options.persistent ?? true)
    markAsState(tensor)
    ;(this as unknown as Record<string, unknown>)[name] = tensor
  }

  /** The parameters and persistent buffers by name, not copied. LoRA layers list their unmerged weight. */
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
   * Copies tensors into the model by name, converted to the model's dtypes. Keys and shapes are checked first; either all tensors change or none.
   * From a training checkpoint it takes the state dict under `model_state_dict`, `state_dict` or `model`. A prefix `module.` that all keys share is
   * removed if the model has the keys without it. Names that circulate for the architecture are read too: see {@link checkpointKey}.
   * @throws {KeyError} listing every missing and unexpected key (unless `strict` is false) and every key of another shape; with `strict: false` too, for a
   * dict of which no key fits, and for one that holds an adapter when the model has none.
   */
  loadStateDict(stateDict: StateDict, options: { strict?: boolean } = {}): LoadReport {
    const own = new Map(Object.entries(this.stateDict()))
    const aliases = this.allAliases()
    const renamed = (key: string) => ownKey(key, own, aliases, this.checkpointKey(key))
    const found = findStateDict(stateDict, (key) => own.has(renamed(key) ?? ''))
    checkTensors(`${this.constructor.name}.loadStateDict`, found)
    checkDict(this, found)
    const dict = underOwnKeys(found, renamed)
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
    refuseUnused(this, own, dict)
    const pairs = Object.entries(dict).filter(([key]) => own.has(key))
    // Reading the ids throws for a disposed tensor, before the first one is changed.
    for (const [, tensor] of pairs) void tensor.id
    copyAll(pairs.map(([key, tensor]) => [own.get(key)!, tensor]))
    return { missingKeys, unexpectedKeys }
  }

  /** Keys of own tensors that older files lack: when the dict has no such key, the tensor stays unchanged. */
  optionalKeys(): readonly string[] {
    return []
  }

  private allOptionalKeys(): Set<string> {
    const keys = Array.from(this.allModules(), ([path, module]) => module.optionalKeys().map((key) => join(path, key)))
    return new Set(keys.flat())
  }

  /** Alternative keys of own tensors in files, mapped to the keys that this class writes. They are read, never written. */
  keyAliases(): Readonly<Record<string, string>> {
    return {}
  }

  /**
   * The key of this class for a key that it lacks but files of such models have: another name that circulates; or null for what files hold and this class does not
   * need, such as buffers of old releases. Asked of the module that loads, with the path from there.
   */
  checkpointKey(key: string): string | null {
    return key
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

  /** Sets the gradients of all parameters to null, which releases their memory. */
  zeroGrad(): void {
    checkFailure()
    for (const tensor of this.parameters()) tensor.grad = null
  }

  /** Keys of own weights that this class also reads in blocks, such as `q8_0`. */
  blockKeys(): readonly string[] {
    return []
  }

  /**
   * Converts all floating-point parameters and buffers. In a half-precision model, vectors (biases, norms) are f32. Returns the module.
   *
   * To blocks (`q8_0`, `q4_k`, …) only the frozen weights of dense layers and embeddings are converted; the rest stays as it is. Where a row is no multiple of the 256 values
   * of a block, it gets what llama.cpp takes instead (`q5_0` for `q4_k`, `q5_1` for `q5_k`, `q8_0` for `q6_k`, `q4_0` for `q2_k` and `q3_k`); one that is no multiple of 32
   * keeps its type.
   * @throws {OptionError} for a trainable weight that would be in blocks: they have no gradients.
   */
  to(dtype: Dtype): this {
    convertModules(this.namedModules(), dtype)
    return this
  }

  /** Replaces an own tensor, by its key. */
  setOwnTensor(key: string, tensor: Tensor): void {
    if (this.bufferNames.has(key)) markAsState(tensor)
    const [name, ...rest] = key.split('.')
    const holder = this as unknown as Record<string, unknown>
    if (rest.length === 0) holder[name!] = tensor
    else putInside(holder[name!], rest, tensor)
  }

  /** Calls `fn` on this module and all submodules, children first. Returns the module. */
  apply(fn: (module: Module) => void): this {
    for (const child of this.children()) child.apply(fn)
    fn(this)
    return this
  }

  /**
   * Calls `hook(module, args)` before every forward of this module. If it returns an array, this replaces the arguments; any other value
   * except undefined replaces the single argument.
   */
  registerForwardPreHook(hook: ForwardPreHook, options?: HookOptions): HookHandle {
    return addHook(this, 'pre', hook, options)
  }

  /**
   * Calls `hook(module, args, output)` after every forward of this module. If it returns a value, this replaces the output. Tensors that a hook
   * stores outside the model are released when the outermost forward ends, unless wrapped in `lora.keep(t)`.
   */
  registerForwardHook(hook: ForwardHook, options?: HookOptions): HookHandle {
    return addHook(this, 'post', hook, options)
  }

  /**
   * Calls `hook(module, gradInput, gradOutput)` in backward, when the gradients of the arguments are known. The lists have one entry for
   * each argument and output that is a tensor, null where there is no gradient. If it returns an array, this replaces `gradInput`.
   */
  registerFullBackwardHook(hook: FullBackwardHook, options?: HookOptions): HookHandle {
    return addHook(this, 'backward', hook, options)
  }

  /** Details that a printed module shows after its class name. */
  extraRepr(): string {
    return ''
  }

  /** The submodules that a printed module shows. */
  protected shownChildren(): Iterable<[name: string, module: Module]> {
    return this.namedChildren()
  }

  /** The module as text: its class, its details and its submodules, as in PyTorch. */
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

/** Puts a tensor into a container of a field: an array, a map or a plain object, at any depth. */
function putInside(container: unknown, [name, ...rest]: readonly string[], tensor: Tensor): void {
  const isMap = container instanceof Map
  // The keys of a map need not be strings.
  const key: unknown = isMap ? [...container.keys()].find((each) => String(each) === name) : name
  const items = container as Record<string, unknown> & Map<unknown, unknown>
  if (rest.length > 0) putInside(isMap ? items.get(key) : items[name!], rest, tensor)
  else if (isMap) items.set(key, tensor)
  else items[name!] = tensor
}

registerModuleClass(Module)
nameClass('Module', Module)

/** The dict with aliases replaced by the model's keys. If a file has a tensor under two names, the later one is used, as in PyTorch. */
function underOwnKeys(dict: StateDict, renamed: (key: string) => string | null): StateDict {
  if (Object.keys(dict).every((key) => renamed(key) === key)) return dict
  const entries = Object.entries(dict).flatMap(([key, tensor]) => {
    const own = renamed(key)
    return own === null ? [] : [[own, tensor] as const]
  })
  return Object.fromEntries(entries)
}

/** A key of a file as the module has it, or as it is where the module has none; null for what the module does not need. */
function ownKey(
  key: string,
  own: ReadonlyMap<string, Tensor>,
  aliases: ReadonlyMap<string, string>,
  circulating: string | null,
): string | null {
  if (own.has(key)) return key
  const alias = aliases.get(key)
  if (alias !== undefined) return alias
  return circulating === null || own.has(circulating) ? circulating : key
}

function trainableShare(module: Module): string {
  const parameters = module.parameters()
  const all = parameters.reduce((n, t) => n + t.numel, 0)
  const trainable = parameters.reduce((n, t) => n + (t.requiresGrad ? t.numel : 0), 0)
  return all === 0
    ? ''
    : `  ${trainable.toLocaleString('en')} of ${all.toLocaleString('en')} parameters trainable (${((100 * trainable) / all).toFixed(2)} %)`
}

// `training` and the buffer names are not content of a module: neither traversals nor console.log should show them.
function hideField(module: object, name: string): void {
  Object.defineProperty(module, name, { enumerable: false, writable: true })
}

/** As {@link Module.to}, of these modules alone; a tensor that several of them share stays one. */
export function convertModules(modules: Iterable<NamedModule>, dtype: Dtype): void {
  const converted = new Map<Tensor, Tensor>()
  for (const [path, module] of modules) {
    for (const [key, tensor, kind] of [...module.ownTensors()]) {
      if (!isFloat(tensor.dtype) && !isBlocks(tensor.dtype)) continue
      const target = targetOf(dtype, module, key, tensor)
      if (tensor.dtype === target) continue
      if (isBlocks(target) && tensor.requiresGrad) throw trainableBlocks(join(path, key), target)
      let next = converted.get(tensor)
      if (!next) {
        next = noGrad(() => tensor.detach().to(target))
        if (kind === 'parameter') parameter(next, tensor.requiresGrad)
        else markAsState(next)
        converted.set(tensor, next)
      }
      module.setOwnTensor(key, next)
    }
  }
}

/** The dtype that a tensor gets when its module is converted. */
function targetOf(dtype: Dtype, module: Module, key: string, tensor: Tensor): Dtype {
  if (isBlocks(dtype)) {
    const isWeight = tensor.ndim === 2 && module.blockKeys().includes(key)
    return (isWeight && dtypeForRows(dtype, tensor.shape[1]!)) || tensor.dtype
  }
  // Biases and norms are f32 in a half-precision model: training them in half precision would lose small updates.
  return tensor.ndim < 2 && (dtype === 'bf16' || dtype === 'f16') ? 'f32' : dtype
}

function trainableBlocks(key: string, dtype: Dtype): OptionError {
  return new OptionError({
    what: `${key}: a trainable weight cannot be stored as ${dtype}`,
    expected: 'frozen weights: blocks have no gradients',
    received: 'a weight with requiresGrad',
    fix: 'freeze the model first, model.requiresGrad_(false), and train LoRA factors beside it',
  })
}
