import { OptionError } from '../errors.js'
import type { Tensor } from '../tensor/tensor.js'
import { Module } from './module.js'
import { bad, nearest } from '../runtime/options.js'

// The modules are stored in fields '0', '1', …, so that the traversal of fields gives PyTorch's names (`layers.0.weight`).
abstract class IndexedModules<M extends Module = Module> extends Module {
  [index: number]: M

  /** Number of modules. */
  get length(): number {
    let n = 0
    while (this[n] !== undefined) n++
    return n
  }

  /** The module at `index`; a negative index counts from the end. @throws {OptionError} when it is out of range. */
  at(index: number): M {
    const found = this[index < 0 ? index + this.length : index]
    if (found === undefined)
      throw bad(this.constructor.name, 'index', `from ${-this.length} to ${this.length - 1}`, index)
    return found
  }

  /** Appends a module. */
  append(module: M): this {
    if (!(module instanceof Module)) throw bad(this.constructor.name, 'module', 'an nn.Module', module)
    this[this.length] = module
    return this
  }

  /** Iterates over the modules in order. */
  *[Symbol.iterator](): IterableIterator<M> {
    for (let i = 0; i < this.length; i++) yield this[i]!
  }
}

/**
 * Modules in sequence: the output of each is the input of the next. State-dict keys are `0.weight`, `1.weight`, …
 *
 * @example
 * const mlp = new nn.Sequential(new nn.Linear(784, 128), new nn.ReLU(), new nn.Linear(128, 10))
 * const logits = mlp.forward(images)
 */
export class Sequential extends IndexedModules {
  constructor(...modules: Module[]) {
    super()
    for (const module of modules) this.append(module)
  }

  override forward(x: Tensor): Tensor {
    let y = x
    for (const module of this) y = module.forward(y) as Tensor
    return y
  }
}

/**
 * A list of modules that has no forward of its own: call its modules yourself. State-dict keys are those of {@link Sequential}.
 *
 * @example
 * this.h = new nn.ModuleList(Array.from({ length: 12 }, () => new Block()))
 * for (const block of this.h) x = block.forward(x)
 */
export class ModuleList<M extends Module = Module> extends IndexedModules<M> {
  constructor(modules: Iterable<M> = []) {
    super()
    this.extend(modules)
  }

  /** Appends several modules. */
  extend(modules: Iterable<M>): this {
    for (const module of modules) this.append(module)
    return this
  }

  override forward(): never {
    throw noForward('ModuleList', 'loop over the list and call each module, or use nn.Sequential')
  }
}

/** The modules of a {@link ModuleDict}: an object, or pairs of name and module. */
type Named<T extends Record<string, Module>> = T | Iterable<readonly [name: keyof T & string, module: T[keyof T]]>

/**
 * Modules by name, without a forward of its own: call its modules yourself. State-dict keys are `NAME.weight` and so on.
 *
 * Names are those of fields of the dict, so `train`, `keys` and other members of a module are refused, as in PyTorch, and so is a dot. Modules are listed in the order
 * in which they were added; those whose names are whole numbers come first, as in every object of JavaScript.
 *
 * @example
 * this.heads = new nn.ModuleDict({ sentiment: new nn.Linear(768, 2), topic: new nn.Linear(768, 20) })
 * const logits = this.heads.get('topic').forward(x)
 * @throws {OptionError} for names that cannot be used, and things that are no modules.
 */
export class ModuleDict<T extends Record<string, Module> = Record<string, Module>> extends Module {
  constructor(modules?: Named<T>) {
    super()
    if (modules !== undefined) this.update(modules)
  }

  /** Number of modules. */
  get length(): number {
    return this.keys().length
  }

  /** The module of this name. @throws {OptionError} when there is none. */
  get<K extends keyof T & string>(name: K): T[K] {
    if (this.has(name)) return this.fields[name] as T[K]
    const near = nearest(String(name), this.keys())
    const names = this.keys().map((key) => `'${key}'`)
    throw bad(
      'nn.ModuleDict',
      'name',
      names.join(', ') || 'of a module: there are none',
      name,
      near && `write '${near}'`,
    )
  }

  /** Whether there is a module of this name. */
  has(name: string): boolean {
    return Object.hasOwn(this, name) && this.fields[name] instanceof Module
  }

  /** Adds a module, or replaces the one of this name. @checksItself module */
  set<K extends keyof T & string>(name: K, module: T[K]): this {
    checkName(this, name)
    if (!((module as unknown) instanceof Module)) throw bad('nn.ModuleDict', name, 'an nn.Module', module)
    this.fields[name] = module
    return this
  }

  /** Removes the module of this name and returns it. @throws {OptionError} when there is none. */
  pop<K extends keyof T & string>(name: K): T[K] {
    const module = this.get(name)
    delete this.fields[name]
    return module
  }

  /** Removes all modules. */
  clear(): void {
    for (const name of this.keys()) delete this.fields[name]
  }

  /** Adds the modules of an object, of another dict, or of pairs of name and module. Modules of the same name are replaced. */
  update(modules: Named<T> | ModuleDict<T>): this {
    for (const [name, module] of pairsOf<T>(modules)) this.set(name, module)
    return this
  }

  /** The names. */
  keys(): (keyof T & string)[] {
    return Object.keys(this).filter((name) => this.has(name))
  }

  /** The modules. */
  values(): T[keyof T & string][] {
    return this.keys().map((name) => this.get(name))
  }

  /** The names with their modules. */
  items(): [name: keyof T & string, module: T[keyof T & string]][] {
    return this.keys().map((name) => [name, this.get(name)])
  }

  /** Iterates over the names, as in PyTorch. */
  [Symbol.iterator](): IterableIterator<keyof T & string> {
    return this.keys()[Symbol.iterator]()
  }

  override forward(): never {
    throw noForward('ModuleDict', "call a module of it: dict.get('name').forward(x)")
  }

  private get fields(): Record<string, unknown> {
    return this as unknown as Record<string, unknown>
  }
}

function pairsOf<T extends Record<string, Module>>(
  modules: unknown,
): Iterable<[keyof T & string, T[keyof T & string]]> {
  if (modules instanceof ModuleDict) return (modules as ModuleDict<T>).items()
  if (typeof modules === 'object' && modules !== null && !(modules instanceof Module))
    return (Symbol.iterator in modules ? modules : Object.entries(modules)) as [keyof T & string, T[keyof T & string]][]
  throw bad('nn.ModuleDict', 'modules', 'an object of modules, or pairs of name and module', modules)
}

function checkName(dict: Module & { has(name: string): boolean }, name: unknown): asserts name is string {
  const owner = 'nn.ModuleDict'
  if (typeof name !== 'string' || name === '') throw bad(owner, 'name', 'a string that is not empty', name)
  if (name.includes('.')) throw bad(owner, 'name', 'without a dot, which separates names in a state dict', name)
  if (name in dict && !dict.has(name)) throw bad(owner, 'name', 'other than the members of a module', name)
}

function noForward(name: string, fix: string): OptionError {
  return new OptionError({
    what: `nn.${name} has no forward of its own`,
    expected: 'calls of the modules in it',
    received: `${name}.forward()`,
    fix,
  })
}
