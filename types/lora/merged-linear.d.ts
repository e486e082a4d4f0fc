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
 * A dense layer that fuses several (q, k and v in one product), with a low-rank update for some of them:
 * `y = x Wᵀ + bias`, and for each enabled block i: `y[block i] += scaling · dropout(x) Aᵢᵀ Bᵢᵀ`.
 *
 * Shapes: `x (..., inFeatures)` → `y (..., outFeatures)`; `weight (outFeatures, inFeatures)`, or (in, out) with `fanInFanOut`;
 * with g enabled blocks: `lora_A (r·g, inFeatures)`, `lora_B (sum of their sizes, r)`, enabled blocks in order.
 * Init as `lora.Linear`. The dense (out, in) update is never materialized, except to merge. Without an enabled block it is a plain layer, as
 * with `r: 0`: no factors, and a trainable weight.
 *
 * @example
 * const qkv = new lora.MergedLinear(768, 3 * 768, { r: 4, loraAlpha: 32, enableLora: [true, false, true], fanInFanOut: true })
 * const gqa = new lora.MergedLinear(2048, 3072, { r: 8, blocks: [2048, 512, 512], enableLora: [true, false, true] })
 * @throws {OptionError} when `enableLora` contains non-booleans, when its length does not divide `outFeatures`, or when `blocks` is not a list of
 * as many positive integers that add up to `outFeatures`.
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
   * A fused LoRA layer over an existing dense layer, whose tensors it uses as `lora.Linear.fromLayer` does.
   * @example
   * block.c_attn = lora.MergedLinear.fromLayer(block.c_attn, { r: 4, enableLora: [true, false, true] })
   */
  static fromLayer(layer: PlainLinear | TransposedLinear, options?: MergedFromLayerOptions): MergedLinear
  /**
   * Fuses dense layers over the same input into one layer, with their outputs in the given order. Layers with factors become enabled blocks.
   * Weights, biases and factors are copied; a missing bias counts as zeros when another layer has one.
   *
   * @example
   * const qkv = lora.MergedLinear.fromLinears([attn.q_proj, attn.k_proj, attn.v_proj])   // k_proj an nn.Linear
   * @throws {OptionError} when input sizes, dtypes, layouts, ranks, scalings, dropouts, `mergeWeights` or `merged` differ.
   */
  static fromLinears(layers: readonly (Linear | PlainLinear | TransposedLinear)[]): MergedLinear
  /**
   * Splits the layer into one `lora.Linear` for each block, in order; blocks that are not enabled get rank 0.
   * Weights, biases and factors are copied; `requiresGrad`, mode and `merged` are kept.
   */
  split(): Linear[]
  blockKeys(): readonly string[]
  forward(x: Tensor): Tensor
  protected fold(weight: Tensor, a: Tensor, b: Tensor, scaling: number): Tensor
  toPlain(): PlainLinear | TransposedLinear
  extraRepr(): string
}
