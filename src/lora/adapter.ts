// What merging, marking, saving and injecting ask of a module with low-rank factors, whatever it is made of.
import type { Module } from '../nn/module.js'
import type { Tensor } from '../tensor/tensor.js'

/** A module with low-rank factors of its own: every LoRA layer, and modules that are made of several. */
export interface Adapter extends Module {
  readonly merged: boolean
  merge(): this
  unmerge(): this
  /** Whether an own tensor is a low-rank factor. */
  isFactor(tensor: Tensor): boolean
  /** Whether an own tensor is a weight that merging changes. */
  isAdapted(tensor: Tensor): boolean
  /** What stands for an own tensor, by its key in the layer, in a plain checkpoint; null when the key is left out there. */
  plainTensor(key: string, tensor: Tensor): Tensor | null
  /** The plain module that computes the same. `twins` holds those made so far, by the module they stand for. */
  toPlain(twins?: ReadonlyMap<Module, Module>): Module
}

/** Whether a module has low-rank factors, or could have them (rank 0). */
export function isAdapter(module: Module): module is Adapter {
  return 'isFactor' in module && 'plainTensor' in module
}

/** The adapters of a model with their paths. What an adapter is made of belongs to it and is not listed. */
export function* adapterModules(model: Module): Iterable<[path: string, adapter: Adapter]> {
  const inside = new Set<Module>()
  for (const [path, module] of model.namedModules()) {
    if (inside.has(module) || !isAdapter(module)) continue
    for (const part of module.modules()) inside.add(part)
    yield [path, module]
  }
}
