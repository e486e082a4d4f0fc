// Generated from src/nn/containers.ts by `npm run api`. Do not edit.

import type { Tensor } from '../tensor/tensor.js'
import { Module } from './module.js'
declare abstract class IndexedModules extends Module {
  [index: number]: Module
  /** How many modules it holds. */
  get length(): number
  /** Module `index`; negative counts from the end. */
  at(index: number): Module
  /** Adds a module at the end. */
  append(module: Module): this
  [Symbol.iterator](): IterableIterator<Module>
}
/**
 * Modules in a row: the output of each is the input of the next. State-dict keys are `0.weight`, `1.weight`, …
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
 * A list of modules that are called by hand. State-dict keys are those of {@link Sequential}.
 *
 * @example
 * this.h = new nn.ModuleList(Array.from({ length: 12 }, () => new Block()))
 * for (const block of this.h) x = block.forward(x)
 */
export declare class ModuleList extends IndexedModules {
  constructor(modules?: Iterable<Module>)
  /** Adds several modules at the end. */
  extend(modules: Iterable<Module>): this
  forward(): never
}
export {}
