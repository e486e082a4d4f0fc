// Generated from src/nn/containers.ts by `npm run api`. Do not edit.

import type { Tensor } from '../tensor/tensor.js'
import { Module } from './module.js'
declare abstract class IndexedModules<M extends Module = Module> extends Module {
  [index: number]: M
  /** Number of modules. */
  get length(): number
  /** The module at `index`; a negative index counts from the end. @throws {OptionError} when it is out of range. */
  at(index: number): M
  /** Appends a module. */
  append(module: M): this
  /** Iterates over the modules in order. */
  [Symbol.iterator](): IterableIterator<M>
}
/**
 * Modules in sequence: the output of each is the input of the next. State-dict keys are `0.weight`, `1.weight`, …
 *
 * @example
 * const mlp = new nn.Sequential(new nn.Linear(784, 128), new nn.ReLU(), new nn.Linear(128, 10))
 * const logits = mlp.forward(images)
 */
export declare class Sequential extends IndexedModules {
  constructor(...modules: Module[])
  forward(x: Tensor): Tensor
}
/**
 * A list of modules that has no forward of its own: call its modules yourself. State-dict keys are those of {@link Sequential}.
 *
 * @example
 * this.h = new nn.ModuleList(Array.from({ length: 12 }, () => new Block()))
 * for (const block of this.h) x = block.forward(x)
 */
export declare class ModuleList<M extends Module = Module> extends IndexedModules<M> {
  constructor(modules?: Iterable<M>)
  /** Appends several modules. */
  extend(modules: Iterable<M>): this
  forward(): never
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
export declare class ModuleDict<T extends Record<string, Module> = Record<string, Module>> extends Module {
  constructor(modules?: Named<T>)
  /** Number of modules. */
  get length(): number
  /** The module of this name. @throws {OptionError} when there is none. */
  get<K extends keyof T & string>(name: K): T[K]
  /** Whether there is a module of this name. */
  has(name: string): boolean
  /** Adds a module, or replaces the one of this name. @checksItself module */
  set<K extends keyof T & string>(name: K, module: T[K]): this
  /** Removes the module of this name and returns it. @throws {OptionError} when there is none. */
  pop<K extends keyof T & string>(name: K): T[K]
  /** Removes all modules. */
  clear(): void
  /** Adds the modules of an object, of another dict, or of pairs of name and module. Modules of the same name are replaced. */
  update(modules: Named<T> | ModuleDict<T>): this
  /** The names. */
  keys(): (keyof T & string)[]
  /** The modules. */
  values(): T[keyof T & string][]
  /** The names with their modules. */
  items(): [name: keyof T & string, module: T[keyof T & string]][]
  /** Iterates over the names, as in PyTorch. */
  [Symbol.iterator](): IterableIterator<keyof T & string>
  forward(): never
  private get fields()
}
export {}
