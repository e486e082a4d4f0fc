import * as ops from '../generated/ops.js'
import { normal_, uniform_ } from '../nn/init.js'
import { Linear as PlainLinear, TransposedLinear, makeBias, makeWeight, wideDtype } from '../nn/linear.js'
import type { LinearOptions } from '../nn/linear.js'
import { parameter } from '../nn/module.js'
import { checkOptions } from '../runtime/check-options.js'
import { checkInteger } from '../runtime/options.js'
import { schemas } from '../runtime/tables.js'
import { zeros } from '../tensor/make.js'
import { keep } from '../tensor/scope.js'
import type { Tensor } from '../tensor/tensor.js'
import type { RowAdapters } from './active.js'
import { DoraNorms } from './dora.js'
import { checkLayer, inMode } from './from-layer.js'
import type { FromLayerOptions } from './from-layer.js'
import { LoraLayer } from './lora-layer.js'
import type { Factors } from './factors.js'
import type { LoraDropoutOptions, LoraOptions } from './lora-layer.js'
import type { NamedAdapter, NamedAdapterOptions } from './named-adapter.js'
import { addedByTokens, byAdapter, groupedLinear, segmentsOf, tokensByAdapter } from './rows.js'
import { isDecomposed, startFactors } from './starts.js'

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

  override blockKeys(): readonly string[] {
    return ['weight']
  }

  override forward(x: Tensor): Tensor {
    const rows = this.rowsInUse()
    return rows === null ? this.forwardWhole(x) : this.forwardRows(x, rows)
  }

  /** With the same adapters for all rows. */
  private forwardWhole(x: Tensor): Tensor {
    const { weight, bias, factors } = this.inUse()
    const layout = this.fanInFanOut ? 1 : 0
    const [first] = factors
    if (first === undefined) return ops.linear(x, weight, bias, layout)
    if (factors.some(({ magnitude }) => magnitude !== null)) return this.forwardDora(x, weight, bias, factors)
    const p = this.fusedDropout(first.dropout)
    const y =
      p === null
        ? this.updated(ops.linear(x, weight, bias, layout), x, first)
        : ops.loraLinear(x, weight, bias, first.a, first.b, first.scaling, p, layout, this.blocks)
    return withBiases(
      factors.slice(1).reduce((sum, each) => this.updated(sum, x, each), y),
      factors,
    )
  }

  /**
   * With an adapter for each row. Where one has DoRA or a bias in place of the layer's, the rows of each adapter are computed by themselves; otherwise all
   * rows in one operation.
   */
  private forwardRows(x: Tensor, rows: RowAdapters): Tensor {
    const lead = x.shape.slice(0, -1)
    const owner = 'lora.Linear'
    const has = (name: string | null): name is string => name !== null && this.adapters.has(name)
    const names = [...new Set(rows.names)].filter(has)
    const adapters = names.map((name) => this.adapters.get(name)!)
    const isApart = (each: NamedAdapter) => each.magnitude !== null || each.bias !== null || each.residual() !== null
    if (adapters.some(isApart))
      return byAdapter(x, lead, tokensByAdapter(owner, lead, rows, has), (own) => this.forwardWhole(own))
    const factors = adapters.map((adapter) => adapter.factors())
    const segments = segmentsOf(owner, lead, rows, (name) => names.indexOf(name))
    const p = adapters.map(({ loraDropout }) => this.fusedDropout(loraDropout)!)
    const layout = this.fanInFanOut ? 1 : 0
    let y = groupedLinear(x, { weight: this.baseWeight, bias: this.bias, layout }, factors, p, segments)
    if (factors.some(({ loraBias }) => loraBias !== null)) {
      const none = () => zeros([this.outFeatures], { dtype: wideDtype(this.baseWeight.dtype) })
      const vectors = factors.map(({ loraBias, scaling }) => loraBias?.mul(scaling) ?? none())
      y = addedByTokens(y, vectors, segments)
    }
    const own = this.ownFactors()
    return own === null ? y : this.updated(y, x, own)
  }

  private get blocks(): number[] {
    return [0, this.outFeatures]
  }

  private updated(y: Tensor, x: Tensor, { a, b, scaling, dropout }: Factors): Tensor {
    return ops.loraUpdate(y, this.dropped(x, dropout), a, b, scaling, this.blocks)
  }

  /**
   * With DoRA: `x Wᵀ + bias + Σ (m/‖W + sBA‖ · (x̃ Wᵀ + s x̃ Aᵀ Bᵀ) − x̃ Wᵀ)`, where x̃ is x after dropout. The norm is a constant for gradients.
   * @see peft `DoraLinearLayer`
   */
  private forwardDora(x: Tensor, weight: Tensor, bias: Tensor | null, factors: readonly Factors[]): Tensor {
    const layout = this.fanInFanOut ? 1 : 0
    const base = ops.linear(x, weight, null, layout)
    let y = base
    for (const each of factors) {
      const { a, b, scaling, dropout, magnitude } = each
      if (magnitude === null) {
        y = this.updated(y, x, each)
        continue
      }
      const dropped = this.fusedDropout(dropout) === 0 ? x : this.dropped(x, dropout)
      const own = dropped === x ? base : ops.linear(dropped, weight, null, layout)
      const scaled = ops.loraUpdate(own, dropped, a, b, scaling, this.blocks).mul(magnitude.div(this.norms(each)))
      y = y === own ? scaled : y.add(scaled.sub(own))
    }
    return withBiases(bias ? y.add(bias) : y, factors)
  }

  private norms(factors: Factors): Tensor {
    return this.dora.of(this.baseWeight, this.fanInFanOut ? 1 : 0, factors)
  }

  private dora = new DoraNorms()

  /** A clone computes its own norms. @internal */
  override afterClone(): void {
    super.afterClone()
    this.dora = new DoraNorms()
  }

  protected override fold(weight: Tensor, a: Tensor, b: Tensor, scaling: number): Tensor {
    return ops.loraMerge(weight, a, b, scaling, this.fanInFanOut ? 1 : 0, this.blocks)
  }

  protected override foldDora(weight: Tensor, factors: Factors): Tensor {
    const { a, b, scaling, magnitude } = factors
    const wide = this.fold(weight.to(wideDtype(weight.dtype)), a, b, scaling)
    const ratio = magnitude!.div(this.norms(factors))
    return wide.mul(this.fanInFanOut ? ratio : ratio.unsqueeze(1)).to(weight.dtype)
  }

  protected override makeFactors({
    r,
    scaling,
    useDora,
    init = true,
  }: NamedAdapterOptions): ReturnType<LoraLayer['makeFactors']> {
    const dtype = wideDtype(this.baseWeight.dtype)
    if (typeof init === 'string' && isDecomposed(init)) return { ...this.decomposed(r, scaling, init), magnitude: null }
    const a =
      init === 'gaussian'
        ? parameter(normal_(zeros([r, this.inFeatures], { dtype }), 0, 1 / r))
        : makeA(this.baseWeight, r, this.inFeatures)
    const b = parameter(zeros([this.outFeatures, r], { dtype }))
    if (init === false) uniform_(b, -1 / Math.sqrt(r), 1 / Math.sqrt(r))
    if (!useDora) return { a, b, magnitude: null }
    const factors = { a, b, scaling, dropout: this.loraDropout, loraBias: null, magnitude: null }
    return { a, b, magnitude: parameter(keep(this.norms(factors))) }
  }

  private decomposed(r: number, scaling: number, init: string): { a: Tensor; b: Tensor } {
    const wide = this.baseWeight.detach().to(wideDtype(this.baseWeight.dtype))
    const weight = this.fanInFanOut ? wide.transpose(0, 1) : wide
    const { a, b } = startFactors('lora.Linear', weight, r, scaling, init)
    return { a: parameter(keep(a)), b: parameter(keep(b)) }
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
  return inMode(new Plain(layer.inFeatures, layer.outFeatures, { weight, bias: layer.mergedBias() ?? false }), layer)
}

/** The output with the biases of second factors, which are scaled as these are. */
function withBiases(y: Tensor, factors: readonly Factors[]): Tensor {
  return factors.reduce((sum, { loraBias, scaling }) => (loraBias ? sum.add(loraBias.mul(scaling)) : sum), y)
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
