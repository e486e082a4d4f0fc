import * as ops from '../generated/ops.js'
import { uniform_ } from '../nn/init.js'
import { Linear as PlainLinear, TransposedLinear, makeBias, makeWeight, wideDtype } from '../nn/linear.js'
import type { LinearOptions } from '../nn/linear.js'
import { parameter } from '../nn/module.js'
import { checkOptions } from '../runtime/check-options.js'
import { checkInteger } from '../runtime/options.js'
import { schemas } from '../runtime/tables.js'
import { zeros } from '../tensor/make.js'
import type { Tensor } from '../tensor/tensor.js'
import { checkLayer, inMode } from './from-layer.js'
import type { FromLayerOptions } from './from-layer.js'
import { LoraLayer } from './lora-layer.js'
import type { LoraDropoutOptions, LoraOptions } from './lora-layer.js'

/** Options of {@link Linear}. */
export interface LoraLinearOptions extends LoraOptions, LoraDropoutOptions, LinearOptions {
  /** Store the weight as (in, out), as GPT-2's Conv1D does; set it for layers whose checkpoint has that layout. @default false */
  fanInFanOut?: boolean
}

/**
 * A dense layer whose frozen weight gets a trainable low-rank update: `y = x Wᵀ + bias + scaling · dropout(x) Aᵀ Bᵀ`.
 *
 * Shapes: `x (..., inFeatures)` → `y (..., outFeatures)`; `weight (outFeatures, inFeatures)`, or (in, out) with `fanInFanOut`;
 * `lora_A (r, inFeatures)`, `lora_B (outFeatures, r)`, `bias (outFeatures)`.
 * Init: W and bias as `nn.Linear`; A uniform in ±1/√inFeatures, B zero, so a new layer equals its base. `r: 0` gives a plain layer.
 * The factors are f32 whatever `dtype` is (f64 in an f64 layer). The bias stays trainable until `markOnlyLoraAsTrainable` is called.
 * `eval()` merges the update into `weight` and `train()` unmerges it, unless `mergeWeights` is false.
 *
 * @example
 * const proj = new lora.Linear(768, 768, { r: 8, loraAlpha: 16 })   // scaling 2
 * const y = proj.forward(x)                                         // (2, 128, 768)
 * @throws {OptionError} for an unknown or invalid option (`r` must be an integer, 0 or more).
 * @throws {ShapeError} `ERR_LORA_SHAPE` when the last dimension of `x` is not `inFeatures`.
 * @throws {GradError} for a forward in training mode with gradients enabled after `merge()` was called.
 * @see loralib `Linear`: same defaults, same state-dict keys.
 */
export class Linear extends LoraLayer {
  readonly inFeatures: number
  readonly outFeatures: number
  readonly fanInFanOut: boolean

  constructor(inFeatures: number, outFeatures: number, options: LoraLinearOptions = {}) {
    checkOptions('lora.Linear', options, schemas.LoraLinearOptions)
    super('lora.Linear', options, options.loraDropout)
    this.inFeatures = checkInteger('lora.Linear', 'inFeatures', inFeatures, 1)
    this.outFeatures = checkInteger('lora.Linear', 'outFeatures', outFeatures, 1)
    this.fanInFanOut = options.fanInFanOut ?? false
    makeBase(this, 'lora.Linear', options)
    if (this.r > 0) {
      this.baseWeight.requiresGrad = false
      this.loraA = makeA(this.baseWeight, this.r, inFeatures)
      this.loraB = parameter(zeros([outFeatures, this.r], { dtype: wideDtype(this.baseWeight.dtype) }))
    }
  }

  /**
   * A LoRA layer over an existing dense layer. It uses the weight and bias tensors of that layer without copying them, so values, dtype and weight
   * tying are kept. With `r > 0` the weight is frozen; the bias keeps its `requiresGrad`. The new layer is unmerged, in the mode of the old one.
   * An `nn.TransposedLinear` gives a layer with `fanInFanOut`.
   *
   * @example
   * block.q_proj = lora.Linear.fromLayer(block.q_proj, { r: 8, loraAlpha: 16 })
   * @throws {OptionError} for another kind of layer, and for options of the layer itself (`bias`, `dtype`, …), which cannot be changed.
   */
  static fromLayer(layer: PlainLinear | TransposedLinear, options: DenseFromLayerOptions = {}): Linear {
    checkDense('lora.Linear.fromLayer', layer)
    checkOptions('lora.Linear.fromLayer', options, schemas.DenseFromLayerOptions)
    return inMode(new Linear(layer.inFeatures, layer.outFeatures, { ...options, ...baseOf(layer) }), layer)
  }

  override forward(x: Tensor): Tensor {
    const layout = this.fanInFanOut ? 1 : 0
    const factors = this.activeFactors()
    if (factors === null) return ops.linear(x, this.forwardWeight(), this.bias, layout)
    const { a, b } = factors
    const blocks = [0, this.outFeatures]
    const p = this.fusedDropout()
    if (p !== null) return ops.loraLinear(x, this.baseWeight, this.bias, a, b, this.scaling, p, layout, blocks)
    const y = ops.linear(x, this.baseWeight, this.bias, layout)
    return ops.loraUpdate(y, this.dropped(x), a, b, this.scaling, blocks)
  }

  protected override fold(weight: Tensor, a: Tensor, b: Tensor): Tensor {
    return ops.loraMerge(weight, a, b, this.scaling, this.fanInFanOut ? 1 : 0, [0, this.outFeatures])
  }

  override toPlain(): PlainLinear | TransposedLinear {
    return plainDense(this)
  }

  override extraRepr(): string {
    return `${this.inFeatures} -> ${this.outFeatures}, r ${this.r}${this.merged ? ', merged' : ''}`
  }
}

/** Options of `fromLayer` for dense layers. */
export interface DenseFromLayerOptions extends FromLayerOptions, LoraDropoutOptions {}

/** Checks that a layer is a plain dense one. @throws {OptionError} when it is not. */
export function checkDense(owner: string, layer: unknown): asserts layer is PlainLinear | TransposedLinear {
  checkLayer(owner, layer, [PlainLinear, TransposedLinear])
}

/** The tensors and the layout of a dense layer, as options of the LoRA layer that replaces it. */
export function baseOf(layer: PlainLinear | TransposedLinear): LoraLinearOptions {
  return { weight: layer.weight, bias: layer.bias ?? false, fanInFanOut: layer instanceof TransposedLinear }
}

/** The plain equivalent of a dense LoRA layer: the merged weight, with `requiresGrad` as the base, and the same bias tensor. */
export function plainDense(
  layer: LoraLayer & { inFeatures: number; outFeatures: number; fanInFanOut: boolean },
): PlainLinear | TransposedLinear {
  const Plain = layer.fanInFanOut ? TransposedLinear : PlainLinear
  const weight = parameter(layer.mergedWeight(), layer.baseWeight.requiresGrad)
  return inMode(new Plain(layer.inFeatures, layer.outFeatures, { weight, bias: layer.bias ?? false }), layer)
}

/** Sets the base weight and the bias of a dense layer. The bound of their uniform init is 1/√inFeatures, for a transposed weight too. */
export function makeBase(
  layer: LoraLayer & { inFeatures: number; outFeatures: number; fanInFanOut: boolean },
  owner: string,
  options: LinearOptions,
): void {
  const { inFeatures, outFeatures, fanInFanOut } = layer
  const bound = 1 / Math.sqrt(inFeatures)
  const fill = (tensor: Tensor) => uniform_(tensor, -bound, bound)
  layer.weight = makeWeight(owner, fanInFanOut ? [inFeatures, outFeatures] : [outFeatures, inFeatures], options, fill)
  layer.bias = makeBias(owner, outFeatures, options, layer.baseWeight, fill)
}

/** A new first factor (rows, inFeatures): Kaiming-uniform with a = √5, that is, uniform in ±1/√inFeatures. */
export function makeA(weight: Tensor, rows: number, inFeatures: number): Tensor {
  const bound = 1 / Math.sqrt(inFeatures)
  return parameter(uniform_(zeros([rows, inFeatures], { dtype: wideDtype(weight.dtype) }), -bound, bound))
}
