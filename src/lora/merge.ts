import { OptionError } from '../errors.js'
import type { Module } from '../nn/module.js'
import { adapterModules, isAdapter } from './adapter.js'
import { replaceModules } from './replace.js'
import { TiedLinear } from './tied.js'

/** Merges every LoRA layer of the model, whatever its `mergeWeights` says. */
export function mergeAll(model: Module): void {
  for (const [, layer] of adapterModules(model)) layer.merge()
}

/** Unmerges every LoRA layer of the model. */
export function unmergeAll(model: Module): void {
  for (const [, layer] of adapterModules(model)) layer.unmerge()
}

/**
 * Replaces every LoRA layer inside the model by a plain layer with the merged weight, and drops the factors.
 *
 * The result needs no more memory than the base model and cannot be unmerged. A layer of rank 0 keeps its weight. A plain head that was tied
 * to an adapted embedding keeps the base weight: the two are then no longer tied.
 * @returns the paths of the replaced layers.
 * @throws {OptionError} when the model is itself a LoRA layer: call its `toPlain()`.
 */
export function mergeAndUnload(model: Module): string[] {
  if (isAdapter(model)) throw noParent(model)
  const layers = [...adapterModules(model)]
  const plain = new Map<Module, Module>()
  const tied = layers.filter(([, layer]) => layer instanceof TiedLinear)
  // Tied layers come last: they use the weight of the plain layer that replaces their source.
  for (const [, layer] of [...layers.filter((entry) => !tied.includes(entry)), ...tied])
    plain.set(layer, layer.toPlain(plain))
  replaceModules(model, plain)
  return layers.map(([path]) => path)
}

function noParent(layer: Module): OptionError {
  return new OptionError({
    what: 'lora.mergeAndUnload: the model is itself a LoRA layer, which cannot be replaced from inside',
    expected: 'a module that holds LoRA layers',
    received: `lora.${layer.constructor.name}`,
    fix: 'call toPlain() on the layer, which returns the equivalent plain layer',
  })
}
