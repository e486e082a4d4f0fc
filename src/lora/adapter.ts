// The interface through which merging, freezing, saving and injection see a module with low-rank factors.
import type { Module } from '../nn/module.js'
import type { Tensor } from '../tensor/tensor.js'

/** A module with low-rank factors: every LoRA layer, and modules that consist of several. */
export interface Adapter extends Module {
  /** Whether forward uses merged weights. */
  readonly merged: boolean
  /** Merges the update into the weights used by forward. */
  merge(): this
  /** Undoes {@link merge}. */
  unmerge(): this
  /** Whether an own tensor is a low-rank factor. */
  isFactor(tensor: Tensor): boolean
  /** Whether an own tensor is a weight that merging changes. */
  isAdapted(tensor: Tensor): boolean
  /** The tensor that a plain checkpoint holds for an own tensor, by its key in the layer; null when the plain checkpoint has no such key. */
  plainTensor(key: string, tensor: Tensor): Tensor | null
  /** The equivalent plain module. `twins` holds the plain modules made so far, by the adapters that they replace. */
  toPlain(twins?: ReadonlyMap<Module, Module>): Module
}

/** Whether a module has low-rank factors, or could have them (rank 0). */
export function isAdapter(module: Module): module is Adapter {
  return 'isFactor' in module && 'plainTensor' in module
}

/** The adapters of a model with their paths. Adapters inside another adapter belong to it and are not listed. */
export function* adapterModules(model: Module): Iterable<[path: string, adapter: Adapter]> {
  const inside = new Set<Module>()
  for (const [path, module] of model.namedModules()) {
    if (inside.has(module) || !isAdapter(module)) continue
    for (const part of module.modules()) inside.add(part)
    yield [path, module]
  }
}
