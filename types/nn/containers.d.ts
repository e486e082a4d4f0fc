// Generated from src/nn/containers.ts by `npm run api`. Do not edit.

import type { Tensor } from '../tensor/tensor.js'
import { Module } from './module.js'
declare abstract class IndexedModules extends Module {
  [index: number]: Module
  /** Number of modules. */
  get length(): number
  /** The module at `index`; a negative index counts from the end. @throws {OptionError} when it is out of range. */
  at(index: number): Module
  /** Appends a module. */
  append(module: Module): this
  /** Iterates over the modules in order. */
  [Symbol.iterator](): IterableIterator<Module>
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
export declare class ModuleList extends IndexedModules {
  constructor(modules?: Iterable<Module>)
  /** Appends several modules. */
  extend(modules: Iterable<Module>): this
  forward(): never
}
export {}
