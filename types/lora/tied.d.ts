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
 * Shapes: `x (..., inFeatures)` → `y (..., outFeatures)`; W is `(outFeatures, inFeatures)`. It has no factors of its own, so a state dict lists
 * them once, under the source; both layers train them. It is merged when its source is. It applies no dropout.
 */
export declare class TiedLinear extends Module implements Adapter {
  /** The LoRA layer that owns the weight and the factors. */
  readonly source: Embedding | Linear
  /** The bias of this layer, or null. */
  bias: Tensor | null
  constructor(source: Embedding | Linear, bias: Tensor | null)
  /** The weight of the source, merged when the source is. */
  get weight(): Tensor
  /** Size of the input's last dimension. */
  get inFeatures(): number
  /** Size of the output's last dimension. */
  get outFeatures(): number
  /** Whether the source is merged. */
  get merged(): boolean
  forward(x: Tensor): Tensor
  /** Does nothing: the layer is merged when its source is. */
  merge(): this
  /** Does nothing: the layer is unmerged when its source is. */
  unmerge(): this
  /** Weight and bias; the weight is that of the source. */
  ownTensors(): Iterable<OwnTensor>
  setOwnTensor(key: string, tensor: Tensor): void
  /** Always false: the factors belong to the source. */
  isFactor(): boolean
  /** Whether a tensor is the shared weight, which merging changes. */
  isAdapted(tensor: Tensor): boolean
  /** The tensor that a plain checkpoint holds for a key: the merged weight of the source, or the bias. */
  plainTensor(key: string, tensor: Tensor): Tensor | null
  /** A plain dense layer with the merged weight. If `twins` has the plain layer of the source, it shares that layer's weight, so that the two stay tied. */
  toPlain(twins?: ReadonlyMap<Module, Module>): PlainLinear
  extraRepr(): string
}
