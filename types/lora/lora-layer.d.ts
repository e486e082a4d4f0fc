// Generated from src/lora/lora-layer.ts by `npm run api`. Do not edit.

import { Module } from '../nn/module.js'
import type { OwnTensor } from '../nn/module.js'
import type { PlacementOptions } from '../runtime/options.js'
import type { Tensor } from '../tensor/tensor.js'
import type { RowAdapters } from './active.js'
import type { Adapter } from './adapter.js'
import type { DropoutLike, Factors, InUse } from './factors.js'
import { NamedAdapter } from './named-adapter.js'
import type { NamedAdapterOptions } from './named-adapter.js'
/** Options of every LoRA layer. */
export interface LoraOptions extends PlacementOptions {
  /** Rank of the update. 0 gives the plain layer, without `lora_A` and `lora_B`. @integer @minimum 0 @default 0 */
  r?: number
  /** Scaling numerator: the update is multiplied by `loraAlpha / r`. @default 1 */
  loraAlpha?: number
  /** Let `eval()` merge the update into the weight. False keeps them separate, e.g. to serve several adapters. @default true */
  mergeWeights?: boolean
}
/** The option of the LoRA layers with dropout: all except the embeddings. */
export interface LoraDropoutOptions {
  /** Dropout probability on the input of the low-rank path, in training. @minimum 0 @maximum 1 @default 0 */
  loraDropout?: number
}
/**
 * The base class of all LoRA layers: a weight that is frozen when `r > 0`, the factors `loraA` and `loraB`, and merging.
 *
 * Merging never writes to the weight W. While `merged`, forward uses a second tensor, `W + scaling · BA` in W's dtype, which is computed when
 * first needed and recomputed after W, A or B has changed. So loading or training while merged cannot corrupt anything, and unmerging restores
 * W bit for bit. `layer.weight` returns the merged values while merged; the state dict, loading and optimizers always use W.
 * Wrap inference in `noGrad`: with gradients enabled, layers with trainable tensors compute with W, A and B even in evaluation mode.
 *
 * @see loralib `LoRALayer`: same options and defaults; `train()` and `eval()` return the layer.
 */
export declare abstract class LoraLayer extends Module implements Adapter {
  /** Rank of the update; 0 for a plain layer. */
  readonly r: number
  /** Numerator of the scaling. */
  readonly loraAlpha: number
  /** `loraAlpha / r`; 0 for a plain layer. */
  readonly scaling: number
  /** Whether `eval()` merges. */
  mergeWeights: boolean
  /**
   * Applied to the input of the low-rank path. It may be replaced by a module or by any function of a tensor.
   */
  loraDropout: DropoutLike
  /** First factor, `lora_A` in the state dict; null when `r` is 0. */
  loraA: Tensor | null
  /** Second factor, `lora_B` in the state dict; null when `r` is 0. */
  loraB: Tensor | null
  /** The bias of the layer, or null. */
  bias: Tensor | null
  private rawWeight
  private mergedCopy
  private isMerged
  /** The names of the adapters in the merged copy. */
  private mergedNames
  /** Adapters by name, beside the layer's own factors. Which of them act is said by the call: see `lora.peft`. */
  readonly adapters: Map<string, NamedAdapter>
  constructor(owner: string, options: LoraOptions, loraDropout?: number)
  /** The update folded into the weight: `W + scaling · BA`, shaped and typed as W. */
  protected abstract fold(weight: Tensor, loraA: Tensor, loraB: Tensor, scaling: number): Tensor
  /** The weight of DoRA: `fold` with each output of the norm `magnitude`. */
  protected foldDora(_weight: Tensor, _factors: Factors): Tensor
  /** New factors of a layer, as its class has them; null where it takes no named adapters. */
  protected makeFactors(_options: NamedAdapterOptions): {
    a: Tensor
    b: Tensor
    magnitude: Tensor | null
  } | null
  /**
   * Adds an adapter under a name. It acts in calls that name it.
   * @throws {OptionError} when the name is taken; {@link UnsupportedError} for a class of layers that takes none.
   */
  addAdapter(name: string, options: NamedAdapterOptions): NamedAdapter
  /** Removes a named adapter, and releases its tensors. */
  deleteAdapter(name: string): void
  /** Whether forward uses the merged weight. */
  get merged(): boolean
  /** The names of the adapters in the merged copy. */
  get mergedAdapters(): readonly string[]
  /** The weight that forward uses: W itself, or the merged values while merged. */
  get weight(): Tensor
  /** Replaces W. @throws {OptionError} while merged, and for a tensor of another shape. */
  set weight(weight: Tensor)
  /** The frozen weight W, merged or not: what the state dict holds. */
  get baseWeight(): Tensor
  /**
   * Makes forward use `W + scaling · BA`. This takes memory for one copy of the weight until {@link unmerge}; the copy is made at the next forward.
   * Does nothing when already merged, and for `r` 0.
   */
  merge(): this
  /** Releases the merged copy; W was never changed. Does nothing when not merged. */
  unmerge(): this
  /**
   * `W + scaling · BA` in W's dtype as a new tensor, whether merged or not; W itself for a plain layer. The layer is not changed.
   */
  mergedWeight(): Tensor
  /** The bias of the equivalent plain layer. */
  mergedBias(): Tensor | null
  /**
   * The equivalent plain layer: the merged weight, the same bias tensor and mode, no factors.
   * @throws {UnsupportedError} for a class of layers without a plain equivalent.
   */
  toPlain(): Module
  /** Whether an own tensor is the weight that merging changes. A plain layer has none. */
  isAdapted(tensor: Tensor): boolean
  /** The tensor that a plain checkpoint holds for an own tensor: the merged weight, null for a factor, otherwise the tensor itself. */
  plainTensor(_key: string, tensor: Tensor): Tensor | null
  /** Training mode unmerges; evaluation mode merges when `mergeWeights` is true. */
  train(mode?: boolean): this
  /** Parameters under their state-dict keys, W unmerged. */
  ownTensors(): Iterable<OwnTensor>
  /** Whether a tensor is one of the low-rank factors. A plain layer has none. */
  isFactor(tensor: Tensor): boolean
  /** Replaces an own parameter, by its state-dict key. Bias and factors stay f32 in a half-precision model. */
  setOwnTensor(key: string, tensor: Tensor): void
  /**
   * The factors when forward has to apply them; null for a plain or merged layer, for which `weight` suffices. With gradients enabled, a merged
   * layer in evaluation mode applies them too: with merged weights they would silently get no gradient.
   */
  activeFactors(): {
    a: Tensor
    b: Tensor
  } | null
  /** The layer's own factors; null without. */
  protected ownFactors(): Factors | null
  /** The layer's own factors, then those of adapters by name. */
  private factorsOf
  private namesInUse
  /** The bias with these adapters: one that trains biases has its own. */
  private biasOf
  /** The adapters of the rows of this call, where this layer has one of them; null otherwise. */
  protected rowsInUse(): RowAdapters | null
  /**
   * Weight, bias and factors of this call. The merged copy serves a call that names the adapters in it, unless gradients are recorded that would not reach
   * the factors.
   */
  protected inUse(): InUse
  /** The weight for a forward without active factors. Unlike `weight`, it is for internal use, so the copy can be disposed. */
  forwardWeight(): Tensor
  protected shownChildren(): Iterable<[name: string, module: Module]>
  /** Dropout probability for the fused kernel; null when the dropout is not a plain Dropout and must be called. */
  protected fusedDropout(dropout?: DropoutLike): number | null
  /** Applies a dropout, a module or a function, to `x`. */
  protected dropped(x: Tensor, dropout?: DropoutLike): Tensor
  private checkUnwritten
  private freshCopy
  private folded
  /** The bias with the biases of second factors; the very bias where there are none. */
  private foldedBias
  private dropCopy
}
/** Whether a module is a LoRA layer, of rank 0 too. */
export declare function isLoraLayer(module: Module): module is LoraLayer
