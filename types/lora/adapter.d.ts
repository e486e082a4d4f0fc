// Generated from src/lora/adapter.ts by `npm run api`. Do not edit.

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
