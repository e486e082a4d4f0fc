import * as ops from '../generated/ops.js'
import { wideDtype } from '../nn/linear.js'
import type { Linear as PlainLinear, TransposedLinear } from '../nn/linear.js'
import { parameter } from '../nn/module.js'
import { checkOptions } from '../runtime/check-options.js'
import { checkInteger } from '../runtime/options.js'
import { schemas } from '../runtime/tables.js'
import { zeros } from '../tensor/make.js'
import type { Tensor } from '../tensor/tensor.js'
import { blockRanges, checkBlocks } from './blocks.js'
import type { BlockOptions } from './blocks.js'
import { inMode } from './from-layer.js'
import { baseOf, checkDense, makeA, makeBase, plainDense } from './linear.js'
import type { DenseFromLayerOptions, Linear, LoraLinearOptions } from './linear.js'
import { LoraLayer } from './lora-layer.js'
import { joinLinears, splitLinears } from './split.js'

/** Options of {@link MergedLinear}. */
export interface MergedLinearOptions extends LoraLinearOptions, BlockOptions {}

/** Options of `MergedLinear.fromLayer`. */
export interface MergedFromLayerOptions extends DenseFromLayerOptions, BlockOptions {}

const OWNER = 'lora.MergedLinear'

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
export class MergedLinear extends LoraLayer {
  readonly inFeatures: number
  readonly outFeatures: number
  readonly fanInFanOut: boolean
  readonly enableLora: readonly boolean[]
  /** Sizes of all blocks, enabled or not. */
  readonly blocks: readonly number[]
  // [start, length] of each enabled output block, as one flat list.
  private readonly ranges: number[]

  constructor(inFeatures: number, outFeatures: number, options: MergedLinearOptions = {}) {
    checkOptions(OWNER, options, schemas.MergedLinearOptions)
    checkInteger(OWNER, 'outFeatures', outFeatures, 1)
    const { enableLora, blocks } = checkBlocks(OWNER, options, outFeatures)
    const r = options.r ?? 0
    super(OWNER, { ...options, r: enableLora.includes(true) ? r : 0 }, options.loraDropout)
    this.inFeatures = checkInteger(OWNER, 'inFeatures', inFeatures, 1)
    this.outFeatures = outFeatures
    this.fanInFanOut = options.fanInFanOut ?? false
    this.enableLora = enableLora
    this.blocks = blocks
    this.ranges = blockRanges(blocks).flatMap((range, i) => (enableLora[i] ? range : []))
    makeBase(this, OWNER, options)
    if (this.r > 0) {
      const rows = blocks.reduce((sum, size, i) => (enableLora[i] ? sum + size : sum), 0)
      this.baseWeight.requiresGrad = false
      this.loraA = makeA(this.baseWeight, this.r * (this.ranges.length / 2), inFeatures)
      this.loraB = parameter(zeros([rows, this.r], { dtype: wideDtype(this.baseWeight.dtype) }))
    }
  }

  /**
   * A fused LoRA layer over an existing dense layer, whose tensors it uses as `lora.Linear.fromLayer` does.
   * @example
   * block.c_attn = lora.MergedLinear.fromLayer(block.c_attn, { r: 4, enableLora: [true, false, true] })
   */
  static fromLayer(layer: PlainLinear | TransposedLinear, options: MergedFromLayerOptions = {}): MergedLinear {
    checkDense('lora.MergedLinear.fromLayer', layer)
    checkOptions('lora.MergedLinear.fromLayer', options, schemas.MergedFromLayerOptions)
    return inMode(new MergedLinear(layer.inFeatures, layer.outFeatures, { ...options, ...baseOf(layer) }), layer)
  }

  /**
   * Fuses dense layers over the same input into one layer, with their outputs in the given order. Layers with factors become enabled blocks.
   * Weights, biases and factors are copied; a missing bias counts as zeros when another layer has one.
   *
   * @example
   * const qkv = lora.MergedLinear.fromLinears([attn.q_proj, attn.k_proj, attn.v_proj])   // k_proj an nn.Linear
   * @throws {OptionError} when input sizes, dtypes, layouts, ranks, scalings, dropouts, `mergeWeights` or `merged` differ.
   */
  static fromLinears(layers: readonly (Linear | PlainLinear | TransposedLinear)[]): MergedLinear {
    return joinLinears(layers, (inFeatures, outFeatures, options) => new MergedLinear(inFeatures, outFeatures, options))
  }

  /**
   * Splits the layer into one `lora.Linear` for each block, in order; blocks that are not enabled get rank 0.
   * Weights, biases and factors are copied; `requiresGrad`, mode and `merged` are kept.
   */
  split(): Linear[] {
    return splitLinears(this)
  }

  override blockKeys(): readonly string[] {
    return ['weight']
  }

  override forward(x: Tensor): Tensor {
    const layout = this.fanInFanOut ? 1 : 0
    const factors = this.activeFactors()
    if (factors === null) return ops.linear(x, this.forwardWeight(), this.bias, layout)
    const { a, b } = factors
    const p = this.fusedDropout()
    if (p !== null) return ops.loraLinear(x, this.baseWeight, this.bias, a, b, this.scaling, p, layout, this.ranges)
    const y = ops.linear(x, this.baseWeight, this.bias, layout)
    return ops.loraUpdate(y, this.dropped(x), a, b, this.scaling, this.ranges)
  }

  protected override fold(weight: Tensor, a: Tensor, b: Tensor, scaling: number): Tensor {
    return ops.loraMerge(weight, a, b, scaling, this.fanInFanOut ? 1 : 0, this.ranges)
  }

  override toPlain(): PlainLinear | TransposedLinear {
    return plainDense(this)
  }

  override extraRepr(): string {
    const blocks = this.enableLora.map((on) => (on ? 'x' : '-')).join('')
    return `${this.inFeatures} -> ${this.outFeatures}, r ${this.r}, blocks ${blocks}${this.merged ? ', merged' : ''}`
  }
}
