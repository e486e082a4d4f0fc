// Generated from src/lora/adapter.ts by `npm run api`. Do not edit.

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
