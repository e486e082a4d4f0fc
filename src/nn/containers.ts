import { OptionError } from '../errors.js'
import type { Tensor } from '../tensor/tensor.js'
import { Module } from './module.js'
import { bad } from '../runtime/options.js'

// The modules are stored in fields '0', '1', …, so that the traversal of fields gives PyTorch's names (`layers.0.weight`).
abstract class IndexedModules extends Module {
  [index: number]: Module

  /** Number of modules. */
  get length(): number {
    let n = 0
    while (this[n] !== undefined) n++
    return n
  }

  /** The module at `index`; a negative index counts from the end. @throws {OptionError} when it is out of range. */
  at(index: number): Module {
    const found = this[index < 0 ? index + this.length : index]
    if (found === undefined)
      throw bad(this.constructor.name, 'index', `from ${-this.length} to ${this.length - 1}`, index)
    return found
  }

  /** Appends a module. */
  append(module: Module): this {
    if (!(module instanceof Module)) throw bad(this.constructor.name, 'module', 'an nn.Module', module)
    this[this.length] = module
    return this
  }

  /** Iterates over the modules in order. */
  *[Symbol.iterator](): IterableIterator<Module> {
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
export class ModuleList extends IndexedModules {
  constructor(modules: Iterable<Module> = []) {
    super()
    this.extend(modules)
  }

  /** Appends several modules. */
  extend(modules: Iterable<Module>): this {
    for (const module of modules) this.append(module)
    return this
  }

  override forward(): never {
    throw new OptionError({
      what: 'nn.ModuleList has no forward of its own',
      expected: 'calls of the modules in it',
      received: 'ModuleList.forward()',
      fix: 'loop over the list and call each module, or use nn.Sequential',
    })
  }
}
