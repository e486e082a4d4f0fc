// Generated from src/lora/lora-layer.ts by `npm run api`. Do not edit.

import { Module } from '../nn/module.js'
import type { OwnTensor } from '../nn/module.js'
import type { PlacementOptions } from '../runtime/options.js'
import type { Tensor } from '../tensor/tensor.js'
/** Options that every LoRA layer takes. */
export interface LoraOptions extends PlacementOptions {
  /** Rank of the update. 0 gives the plain layer, without `lora_A` and `lora_B`. @integer @minimum 0 @default 0 */
  r?: number
  /** The update is multiplied by `loraAlpha / r`. @default 1 */
  loraAlpha?: number
  /** `eval()` merges the update into the weight. Set it to false to keep the two apart, e.g. to serve several adapters. @default true */
  mergeWeights?: boolean
}
/** The option of the LoRA layers that have a dropout: all but the embeddings. */
export interface LoraDropoutOptions {
  /** Dropout on the input of the low-rank path, in training. @minimum 0 @maximum 1 @default 0 */
  loraDropout?: number
}
/** What may stand in a layer's `loraDropout`. */
export type DropoutLike = Module | ((x: Tensor) => Tensor)
/**
 * What all LoRA layers share: a weight that is frozen when `r > 0`, the factors `loraA` and `loraB`, and merging.
 *
 * The weight is never written by merging. While `merged`, forward uses a second tensor, `W + scaling · BA` in W's element type, made when it
 * is first needed and again after `W`, A or B has changed: loading or training while merged cannot corrupt anything, and unmerging
 * gives W back bit for bit. `layer.weight` shows the merged values while merged; the state dict, loading and optimizers always see W.
 * Wrap inference in `noGrad`: where gradients are recorded, layers with something to train compute with W, A and B also in evaluation mode.
 *
 * @see loralib `LoRALayer`: same options and defaults; `train()` and `eval()` return the layer.
 */
export declare abstract class LoraLayer extends Module {
  readonly r: number
  readonly loraAlpha: number
  /** `loraAlpha / r`; 0 for a plain layer. */
  readonly scaling: number
  mergeWeights: boolean
  /**
   * Applied to the input of the low-rank path. Replace it by any function of a tensor, or by a module; the layer then computes the
   * update from what it returns.
   */
  loraDropout: DropoutLike
  /** First factor, `lora_A` in the state dict; null when `r` is 0. */
  loraA: Tensor | null
  /** Second factor, `lora_B` in the state dict; null when `r` is 0. */
  loraB: Tensor | null
  bias: Tensor | null
  private rawWeight
  private mergedCopy
  private isMerged
  constructor(owner: string, options: LoraOptions, loraDropout?: number)
  /** The update folded into the weight: `W + scaling · BA`, shaped and typed as W. */
  protected abstract fold(weight: Tensor, loraA: Tensor, loraB: Tensor): Tensor
  /** Whether forward uses the merged weight. */
  get merged(): boolean
  /** The weight that forward multiplies by: W itself, or the merged values while merged. */
  get weight(): Tensor
  /** @throws {OptionError} while merged, and for a tensor of another shape. */
  set weight(weight: Tensor)
  /** The frozen weight W, merged or not: what the state dict holds. */
  get baseWeight(): Tensor
  /**
   * Lets forward use `W + scaling · BA`. Costs one copy of the weight until {@link unmerge}, made at the next forward.
   * Does nothing when merged already, and for `r` 0.
   */
  merge(): this
  /** Takes the merged copy away again; W is as it always was. Does nothing when not merged. */
  unmerge(): this
  /**
   * `W + scaling · BA` in W's element type, as a tensor of its own, whether merged or not; W itself for a plain layer. The layer is left as
   * it is.
   */
  mergedWeight(): Tensor
  /**
   * The plain layer that computes what this one does: the merged weight, this bias, this mode. The factors stay behind.
   * @throws {UnsupportedError} for a class of layers that has no plain twin.
   */
  toPlain(): Module
  /** Whether an own tensor is the weight that merging changes. A plain layer has none. */
  isAdapted(tensor: Tensor): boolean
  /** What stands for an own tensor in a plain checkpoint: the merged weight, null for a factor, else the tensor itself. */
  plainTensor(_key: string, tensor: Tensor): Tensor | null
  /** Training mode unmerges; evaluation mode merges when `mergeWeights` is true. */
  train(mode?: boolean): this
  /** Parameters under their state-dict keys, W unmerged. */
  ownTensors(): Iterable<OwnTensor>
  /** Whether a tensor is one of the low-rank factors. A plain layer has none. */
  isFactor(tensor: Tensor): boolean
  /** Puts a parameter in the place of an own one, by its state-dict key. Bias and factors stay f32 in a half-precision model. */
  setOwnTensor(key: string, tensor: Tensor): void
  /**
   * The factors when forward has to apply them; null for a plain or merged layer, whose `weight` says it all. Where gradients are recorded, a
   * merged layer in evaluation mode applies them too: through merged weights they would get no gradient, without a word.
   */
  activeFactors(): {
    a: Tensor
    b: Tensor
  } | null
  /** The weight for a forward without active factors. Unlike `weight`, it is not handed out. */
  forwardWeight(): Tensor
  protected shownChildren(): Iterable<[name: string, module: Module]>
  /** Probability for the fused kernel; null when `loraDropout` was replaced by something only itself can compute. */
  protected fusedDropout(): number | null
  /** `loraDropout(x)`, whatever it is. */
  protected dropped(x: Tensor): Tensor
  private checkUnwritten
  private freshCopy
  private sources
  private dropCopy
}
/** Whether a module is a LoRA layer, of rank 0 too. */
export declare function isLoraLayer(module: Module): module is LoraLayer
