// Generated from src/lora/tied.ts by `npm run api`. Do not edit.

import { Linear as PlainLinear } from '../nn/linear.js'
import { Module } from '../nn/module.js'
import type { OwnTensor } from '../nn/module.js'
import type { Tensor } from '../tensor/tensor.js'
import type { Adapter } from './adapter.js'
import { Embedding } from './embedding.js'
import { Linear } from './linear.js'
/**
 * A dense layer with the weight and the update of another LoRA layer, its source: `y = x (W + ΔW)ᵀ + bias`. `injectLora` makes it for a head
 * that is tied to an adapted embedding, with `includeTied`.
 *
 * Shapes: `x (..., inFeatures)` → `y (..., outFeatures)`, the shape of W. It has no factors of its own, so a state dict lists them once, under
 * the source; both layers train them. It is merged when its source is. Dropout is the source's affair: there is none here.
 */
export declare class TiedLinear extends Module implements Adapter {
  readonly source: Embedding | Linear
  bias: Tensor | null
  constructor(source: Embedding | Linear, bias: Tensor | null)
  get weight(): Tensor
  get inFeatures(): number
  get outFeatures(): number
  get merged(): boolean
  forward(x: Tensor): Tensor
  /** Merging is the source's affair. */
  merge(): this
  /** Merging is the source's affair. */
  unmerge(): this
  /** Weight and bias; the weight is that of the source. */
  ownTensors(): Iterable<OwnTensor>
  setOwnTensor(key: string, tensor: Tensor): void
  /** None: they belong to the source. */
  isFactor(): boolean
  isAdapted(tensor: Tensor): boolean
  plainTensor(key: string, tensor: Tensor): Tensor | null
  /** A dense layer with the merged weight: that of the source's twin, when it is among them, so that the two stay tied. */
  toPlain(twins?: ReadonlyMap<Module, Module>): PlainLinear
  extraRepr(): string
}
