// Generated from src/lora/linear.ts by `npm run api`. Do not edit.

import { Linear as PlainLinear, TransposedLinear } from '../nn/linear.js'
import type { LinearOptions } from '../nn/linear.js'
import type { Tensor } from '../tensor/tensor.js'
import type { FromLayerOptions } from './from-layer.js'
import { LoraLayer } from './lora-layer.js'
import type { Factors } from './factors.js'
import type { LoraDropoutOptions, LoraOptions } from './lora-layer.js'
import type { NamedAdapterOptions } from './named-adapter.js'
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
export declare class Linear extends LoraLayer {
  readonly inFeatures: number
  readonly outFeatures: number
  readonly fanInFanOut: boolean
  constructor(inFeatures: number, outFeatures: number, options?: LoraLinearOptions)
  /**
   * A LoRA layer over an existing dense layer. It uses the weight and bias tensors of that layer without copying them, so values, dtype and weight
   * tying are kept. With `r > 0` the weight is frozen; the bias keeps its `requiresGrad`. The new layer is unmerged, in the mode of the old one.
   * An `nn.TransposedLinear` gives a layer with `fanInFanOut`.
   *
   * @example
   * block.q_proj = lora.Linear.fromLayer(block.q_proj, { r: 8, loraAlpha: 16 })
   * @throws {OptionError} for another kind of layer, and for options of the layer itself (`bias`, `dtype`, …), which cannot be changed.
   */
  static fromLayer(layer: PlainLinear | TransposedLinear, options?: DenseFromLayerOptions): Linear
  blockKeys(): readonly string[]
  forward(x: Tensor): Tensor
  /** With the same adapters for all rows. */
  private forwardWhole
  /**
   * With an adapter for each row. Where one has DoRA or a bias in place of the layer's, the rows of each adapter are computed by themselves; otherwise all
   * rows in one operation.
   */
  private forwardRows
  private get blocks()
  private updated
  /**
   * With DoRA: `x Wᵀ + bias + Σ (m/‖W + sBA‖ · (x̃ Wᵀ + s x̃ Aᵀ Bᵀ) − x̃ Wᵀ)`, where x̃ is x after dropout. The norm is a constant for gradients.
   * @see peft `DoraLinearLayer`
   */
  private forwardDora
  private norms
  private dora
  protected fold(weight: Tensor, a: Tensor, b: Tensor, scaling: number): Tensor
  protected foldDora(weight: Tensor, factors: Factors): Tensor
  protected makeFactors({ r, scaling, useDora, init }: NamedAdapterOptions): ReturnType<LoraLayer['makeFactors']>
  private decomposed
  toPlain(): PlainLinear | TransposedLinear
  extraRepr(): string
}
/** Options of `fromLayer` for dense layers. */
export interface DenseFromLayerOptions extends FromLayerOptions, LoraDropoutOptions {}
