// Shared by all `fromLayer` methods.
import { Module } from '../nn/module.js'
import { bad } from '../runtime/options.js'
import { isAdapter } from './adapter.js'
import type { LoraOptions } from './lora-layer.js'

/** Options of every `fromLayer`. */
export type FromLayerOptions = Pick<LoraOptions, 'r' | 'loraAlpha' | 'mergeWeights'>

/** A class of plain layers. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- every layer has its own arguments
export type LayerClass = abstract new (...args: any[]) => Module

/**
 * Whether a layer is a plain layer of `type` with the forward of `type`: a subclass that overrides forward would lose it when replaced.
 */
export function isPlain(layer: unknown, type: LayerClass): boolean {
  if (!(layer instanceof type) || isAdapter(layer)) return false
  return layer.forward === (type.prototype as Module).forward
}

/** Checks the class of a layer. @throws {OptionError} when it is of none of the classes. */
export function checkLayer(owner: string, layer: unknown, types: readonly LayerClass[]): void {
  if (types.some((type) => isPlain(layer, type))) return
  const expected = `an ${types.map((type) => `nn.${type.name}`).join(' or ')}`
  throw bad(owner, 'layer', expected, layer, repair(layer, types))
}

/** Sets the mode of a module to that of the one it replaces, without calling train(), which could merge. */
export function inMode<T extends Module>(made: T, like: Module): T {
  for (const module of made.modules()) module.training = like.training
  return made
}

function repair(layer: unknown, types: readonly LayerClass[]): string | undefined {
  if (layer instanceof Module && isAdapter(layer)) return 'it is a LoRA layer already: load or train its factors'
  if (types.some((type) => layer instanceof type)) {
    return 'its class has a forward of its own, which the new layer would not have: use a LoRA layer inside that class'
  }
  return undefined
}
