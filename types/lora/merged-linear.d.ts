// Generated from src/lora/merged-linear.ts by `npm run api`. Do not edit.

import type { Linear as PlainLinear, TransposedLinear } from '../nn/linear.js'
import type { Tensor } from '../tensor/tensor.js'
import type { BlockOptions } from './blocks.js'
import type { DenseFromLayerOptions, Linear, LoraLinearOptions } from './linear.js'
import { LoraLayer } from './lora-layer.js'
/** Options of {@link MergedLinear}. */
export interface MergedLinearOptions extends LoraLinearOptions, BlockOptions {}
/** Options of `MergedLinear.fromLayer`. */
export interface MergedFromLayerOptions extends DenseFromLayerOptions, BlockOptions {}
/**
 * One dense layer that stands for several (q, k and v in one product), with a low-rank update for some of them:
 * `y = x Wᵀ + bias`, and for each enabled block i: `y[block i] += scaling · dropout(x) Aᵢᵀ Bᵢᵀ`.
 *
 * Shapes: `x (..., inFeatures)` → `y (..., outFeatures)`; `weight (outFeatures, inFeatures)`, or (in, out) with `fanInFanOut`;
 * with g enabled blocks: `lora_A (r·g, inFeatures)`, `lora_B (sum of their sizes, r)`, enabled blocks in order.
 * Init as `lora.Linear`. The dense (out, in) update is never formed, except to merge. Without an enabled block it is the plain layer, as
 * with `r: 0`: no factors, a trainable weight.
 *
 * @example
 * const qkv = new lora.MergedLinear(768, 3 * 768, { r: 4, loraAlpha: 32, enableLora: [true, false, true], fanInFanOut: true })
 * const gqa = new lora.MergedLinear(2048, 3072, { r: 8, blocks: [2048, 512, 512], enableLora: [true, false, true] })
 * @throws {OptionError} when `enableLora` holds anything but booleans, when its length does not divide `outFeatures`, or when `blocks` are
 * not as many positive integers that add up to `outFeatures`.
 * @see loralib `MergedLinear`: same defaults, same state-dict keys; upstream has equal blocks only.
 */
export declare class MergedLinear extends LoraLayer {
  readonly inFeatures: number
  readonly outFeatures: number
  readonly fanInFanOut: boolean
  readonly enableLora: readonly boolean[]
  /** Sizes of all blocks, enabled or not. */
  readonly blocks: readonly number[]
  private readonly ranges
  constructor(inFeatures: number, outFeatures: number, options?: MergedLinearOptions)
  /**
   * A fused LoRA layer over an existing dense layer, which it takes over as `lora.Linear.fromLayer` does.
   * @example
   * block.c_attn = lora.MergedLinear.fromLayer(block.c_attn, { r: 4, enableLora: [true, false, true] })
   */
  static fromLayer(layer: PlainLinear | TransposedLinear, options?: MergedFromLayerOptions): MergedLinear
  /**
   * One fused layer from dense layers over the same input, in the order of its outputs: the layers with factors become its enabled blocks.
   * Weights, biases and factors are copied; a missing bias counts as zeros when another layer has one.
   *
   * @example
   * const qkv = lora.MergedLinear.fromLinears([attn.q_proj, attn.k_proj, attn.v_proj])   // k_proj an nn.Linear
   * @throws {OptionError} when sizes of inputs, element types, layouts, ranks, scalings, dropouts or `mergeWeights` differ.
   */
  static fromLinears(layers: readonly (Linear | PlainLinear | TransposedLinear)[]): MergedLinear
  /**
   * The separate layers that this one stands for, one for each block, in order: `lora.Linear`, of rank 0 for a block that is not enabled.
   * Weights, biases and factors are copied; `requiresGrad`, mode and `merged` are kept.
   */
  split(): Linear[]
  forward(x: Tensor): Tensor
  protected fold(weight: Tensor, a: Tensor, b: Tensor): Tensor
  toPlain(): PlainLinear | TransposedLinear
  extraRepr(): string
}
