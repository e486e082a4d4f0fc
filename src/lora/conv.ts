import { OptionError } from '../errors.js'
import * as ops from '../generated/ops.js'
import { zeros } from '../tensor/make.js'
import * as plain from '../nn/conv.js'
import { makeConvBase } from '../nn/conv.js'
import type { ConvOptions } from '../nn/conv.js'
import { convGeometry, convolve, showGeometry } from '../nn/functional/conv-geometry.js'
import type { ConvGeometry } from '../nn/functional/conv-geometry.js'
import { normal_, uniform_ } from '../nn/init.js'
import { wideDtype } from '../nn/linear.js'
import { parameter } from '../nn/module.js'
import type { Module } from '../nn/module.js'
import { checkOptions } from '../runtime/check-options.js'
import { bad, checkInteger, show } from '../runtime/options.js'
import { schemas } from '../runtime/tables.js'
import type { PerDimension } from '../nn/functional/spatial.js'
import { keep } from '../tensor/scope.js'
import type { Tensor } from '../tensor/tensor.js'
import { asMatrix, DoraNorms } from './dora.js'
import type { Factors } from './factors.js'
import { checkLayer, inMode } from './from-layer.js'
import type { FromLayerOptions } from './from-layer.js'
import { makeA } from './linear.js'
import { groupedKernels } from './layer-errors.js'
import { LoraLayer } from './lora-layer.js'
import type { LoraDropoutOptions, LoraOptions } from './lora-layer.js'
import type { NamedAdapterOptions } from './named-adapter.js'
import { isDecomposed } from './starts.js'

/** Options of the LoRA convolutions: those of the plain layers and those of the update. */
export interface LoraConvOptions extends LoraOptions, LoraDropoutOptions, ConvOptions {}

/** Options of `fromLayer` for convolutions. */
export interface ConvFromLayerOptions extends FromLayerOptions, LoraDropoutOptions {}

type PlainConv = plain.Conv1d | plain.Conv2d | plain.Conv3d
type PlainClass = new (
  inChannels: number,
  outChannels: number,
  kernelSize: PerDimension,
  options: ConvOptions,
) => PlainConv

const PLAIN: readonly PlainClass[] = [plain.Conv1d, plain.Conv2d, plain.Conv3d]

/** The base class of the three LoRA convolutions. */
abstract class LoraConv extends LoraLayer {
  /** Number of input channels. */
  readonly inChannels: number
  /** Number of output channels. */
  readonly outChannels: number
  /** Kernel sizes, stride, padding, dilation, groups and padding mode, one number for each dimension. */
  readonly geometry: ConvGeometry

  constructor(
    private readonly owner: string,
    dims: number,
    inChannels: number,
    outChannels: number,
    kernelSize: PerDimension,
    options: LoraConvOptions,
  ) {
    checkOptions(owner, options, schemas.LoraConvOptions)
    super(owner, options, options.loraDropout)
    this.inChannels = checkInteger(owner, 'inChannels', inChannels, 1)
    this.outChannels = checkInteger(owner, 'outChannels', outChannels, 1)
    this.geometry = convGeometry(owner, dims, kernelSize, options)
    if (this.r > 0) checkKernel(owner, kernelSize, dims)
    const { weight, bias } = makeConvBase(owner, inChannels, outChannels, this.geometry, options)
    this.weight = weight
    this.bias = bias
    if (this.r > 0) {
      const [k, dtype] = [this.geometry.kernel[0]!, wideDtype(weight.dtype)]
      const rows = (outChannels / this.geometry.groups) * k ** (dims - 1)
      this.baseWeight.requiresGrad = false
      this.loraA = makeA(weight, this.r * k, inChannels * k)
      this.loraB = parameter(zeros([rows, this.r * k], { dtype }))
    }
  }

  /** One size for each spatial dimension. */
  get kernelSize(): readonly number[] {
    return this.geometry.kernel
  }

  override forward(x: Tensor): Tensor {
    const { weight, bias, factors } = this.inUse()
    const [first] = factors
    if (first === undefined) return this.convolve(x, weight, bias)
    // The update is computed in f32 (f64 in an f64 layer), whatever the dtype of the base.
    const wide = wideDtype(this.baseWeight.dtype)
    const input = x.dtype === 'bf16' || x.dtype === 'f16' ? x.to(wide) : x
    const own = this.loraA === null ? null : first
    // DoRA scales the output without its bias.
    const isScaled = factors.some(({ magnitude }) => magnitude !== null)
    const before = isScaled ? null : bias
    let y = own === null ? this.convolve(input, weight, before) : this.withOwn(input, own, before)
    const plain = y
    for (const each of own === null ? factors : factors.slice(1)) y = this.updated(y, plain, input, each)
    if (isScaled && bias !== null) y = y.add(perChannel(bias, this.geometry))
    return input === x ? y : y.to(x.dtype)
  }

  /** With the factors of loralib's layout. */
  private withOwn(x: Tensor, { a, b, scaling }: Factors, bias: Tensor | null): Tensor {
    const wide = wideDtype(this.baseWeight.dtype)
    const update = b.matmul(a).mul(scaling).reshape(this.baseWeight.shape)
    return this.fusedDropout() === 0
      ? this.convolve(x, this.baseWeight.to(wide).add(update), bias)
      : this.convolve(x, this.baseWeight, bias).add(this.convolve(this.dropped(x), update, null))
  }

  /**
   * Adds the update of a named adapter to `y`: a convolution with `r` kernels A, and one over single points B, as in PEFT. `plain` is the convolution of x
   * with W alone.
   */
  private updated(y: Tensor, plain: Tensor, x: Tensor, factors: Factors): Tensor {
    const { a, b, scaling, dropout, loraBias, magnitude } = factors
    const isKept = this.fusedDropout(dropout) === 0
    const dropped = isKept ? x : this.dropped(x, dropout)
    const h = convolve(this.owner, dropped, a, null, { ...this.geometry, groups: 1 })
    const update = convolve(this.owner, h, b, loraBias, pointwise(this.geometry)).mul(scaling)
    if (magnitude === null) return y.add(update)
    const own = isKept && this.loraA === null ? plain : this.convolve(dropped, this.baseWeight, null)
    const ratio = perChannel(magnitude.flatten().div(this.norms(factors)), this.geometry)
    const scaled = own.add(update).mul(ratio)
    return y === own ? scaled : y.add(scaled.sub(own))
  }

  private dora = new DoraNorms()

  private norms(factors: Pick<Factors, 'a' | 'b' | 'scaling'>): Tensor {
    return this.dora.of(this.baseWeight, 0, factors)
  }

  /** A clone computes its own norms. @internal */
  override afterClone(): void {
    super.afterClone()
    this.dora = new DoraNorms()
  }

  protected override makeFactors({
    r,
    scaling,
    useDora,
    loraBias,
    init = true,
  }: NamedAdapterOptions): ReturnType<LoraLayer['makeFactors']> {
    if (isDecomposed(init)) return null
    const { kernel, groups } = this.geometry
    if (r % groups !== 0) throw bad(this.owner, 'r', `a multiple of the layer's groups, ${groups}`, r)
    if (groups > 1 && useDora) throw groupedKernels(this.constructor.name, 'DoRA')
    if (useDora && loraBias) return null
    const dtype = wideDtype(this.baseWeight.dtype)
    const a = zeros([r, this.inChannels, ...kernel], { dtype })
    const b = zeros([this.outChannels, r / groups, ...kernel.map(() => 1)], { dtype })
    const bound = 1 / Math.sqrt(a.numel / r)
    if (init === 'gaussian') normal_(a, 0, 1 / r)
    else uniform_(a, -bound, bound)
    if (init === false) uniform_(b, -1 / Math.sqrt(r / groups), 1 / Math.sqrt(r / groups))
    const view = [1, this.outChannels, ...kernel.map(() => 1)]
    const magnitude = useDora ? parameter(keep(this.norms({ a, b, scaling }).reshape(view))) : null
    return { a: parameter(a), b: parameter(b), magnitude }
  }

  protected override foldDora(weight: Tensor, factors: Factors): Tensor {
    const wide = this.fold(weight.to(wideDtype(weight.dtype)), factors.a, factors.b, factors.scaling)
    const ratio = factors.magnitude!.flatten().div(this.norms(factors))
    return wide.mul(ratio.reshape([-1, ...wide.shape.slice(1).map(() => 1)])).to(weight.dtype)
  }

  protected override fold(weight: Tensor, a: Tensor, b: Tensor, scaling: number): Tensor {
    if (a.ndim > 2 && this.geometry.groups > 1) throw groupedKernels(this.constructor.name, 'merging')
    const rows = b.shape[0]!
    const flat = weight.reshape([rows, -1])
    return ops.loraMerge(flat, asMatrix(a), asMatrix(b), scaling, 0, [0, rows]).reshape(weight.shape)
  }

  override toPlain(): PlainConv {
    const [dims, g] = [this.geometry.kernel.length, this.geometry]
    const made = new PLAIN[dims - 1]!(this.inChannels, this.outChannels, g.kernel, {
      ...baseOf(this),
      weight: parameter(this.mergedWeight(), this.baseWeight.requiresGrad),
    })
    return inMode(made, this)
  }

  /** Upstream also saves the weight and the bias under an inner module `conv`, and version 0.1.2 only there. Both forms are read. */
  override keyAliases(): Readonly<Record<string, string>> {
    return this.bias ? { 'conv.weight': 'weight', 'conv.bias': 'bias' } : { 'conv.weight': 'weight' }
  }

  override extraRepr(): string {
    const merged = this.merged ? ', merged' : ''
    return `${this.inChannels} -> ${this.outChannels}, ${showGeometry(this.geometry)}, r ${this.r}${merged}`
  }

  private convolve(x: Tensor, weight: Tensor, bias: Tensor | null): Tensor {
    return convolve(this.owner, x, weight, bias, this.geometry)
  }
}

/**
 * A convolution over one dimension whose frozen weight gets a trainable update:
 * `y = conv(x, W) + bias + scaling · conv(dropout(x), (B A) viewed as W)`.
 *
 * Shapes: `x`, `y`, `weight` and `bias` as in `nn.Conv1d`; `lora_A (r·k, inChannels·k)`, `lora_B (outChannels / groups, r·k)`.
 * Init: W and bias as `nn.Conv1d`; A uniform in ±1/√(inChannels·k), B zero. `r: 0` gives a plain layer.
 *
 * **Layout.** It is loralib's: the product B A (outChannels / groups, inChannels·k) is reshaped to the weight
 * (outChannels, inChannels / groups, k), element by element. For k = 1 without groups this is a rank-r update of the weight as a matrix. For
 * larger k, B A has rank r·k, but the update viewed as a matrix (outChannels, inChannels·k) can have any rank, up to full.
 * So `r` is not comparable with that of `lora.Linear`, and files are compatible with loralib, not with PEFT, which decomposes differently.
 *
 * With dropout the two paths are computed separately, otherwise as one convolution. `eval()` merges the update into `weight`, as in all LoRA layers.
 * @see loralib `Conv1d`, which fails for k > 1; the layout there is that of its pull request 157.
 */
export class Conv1d extends LoraConv {
  constructor(inChannels: number, outChannels: number, kernelSize: PerDimension, options: LoraConvOptions = {}) {
    super('lora.Conv1d', 1, inChannels, outChannels, kernelSize, options)
  }

  /** A LoRA layer over an existing convolution. It uses the weight and bias of that layer, without copying them. */
  static fromLayer(layer: plain.Conv1d, options: ConvFromLayerOptions = {}): Conv1d {
    const { inChannels, outChannels, kernel } = sizesOf('lora.Conv1d.fromLayer', layer, plain.Conv1d, options)
    return inMode(new Conv1d(inChannels, outChannels, kernel, { ...options, ...baseOf(layer) }), layer)
  }
}

/**
 * A convolution over two dimensions whose frozen weight gets a trainable update, as {@link Conv1d}.
 *
 * Shapes: `x`, `y`, `weight` and `bias` as in `nn.Conv2d` with a square kernel; `lora_A (r·k, inChannels·k)`,
 * `lora_B (outChannels / groups · k, r·k)`. The product B A (outChannels / groups · k, inChannels·k) is reshaped to the weight
 * (outChannels, inChannels / groups, k, k), element by element: {@link Conv1d} says what follows from that.
 *
 * @example
 * const conv = new lora.Conv2d(64, 128, 3, { r: 4, loraAlpha: 8, padding: 1 })
 * @throws {OptionError} for invalid options, and for a list as `kernelSize` when `r > 0`: the factors support only one kernel size.
 * @see loralib `Conv2d`: same shapes and keys; its `lora_dropout` has no effect.
 */
export class Conv2d extends LoraConv {
  constructor(inChannels: number, outChannels: number, kernelSize: PerDimension, options: LoraConvOptions = {}) {
    super('lora.Conv2d', 2, inChannels, outChannels, kernelSize, options)
  }

  /**
   * A LoRA layer over an existing convolution. It uses the weight and bias of that layer, without copying them.
   * @throws {OptionError} for a kernel that is not square.
   */
  static fromLayer(layer: plain.Conv2d, options: ConvFromLayerOptions = {}): Conv2d {
    const { inChannels, outChannels, kernel } = sizesOf('lora.Conv2d.fromLayer', layer, plain.Conv2d, options)
    return inMode(new Conv2d(inChannels, outChannels, kernel, { ...options, ...baseOf(layer) }), layer)
  }
}

/**
 * A convolution over three dimensions whose frozen weight gets a trainable update, as {@link Conv1d}.
 *
 * Shapes: `x`, `y`, `weight` and `bias` as in `nn.Conv3d` with a cubic kernel; `lora_A (r·k, inChannels·k)`,
 * `lora_B (outChannels / groups · k², r·k)`.
 * @see loralib `Conv3d`, which fails for k > 1; the layout there is that of its pull request 157.
 */
export class Conv3d extends LoraConv {
  constructor(inChannels: number, outChannels: number, kernelSize: PerDimension, options: LoraConvOptions = {}) {
    super('lora.Conv3d', 3, inChannels, outChannels, kernelSize, options)
  }

  /**
   * A LoRA layer over an existing convolution. It uses the weight and bias of that layer, without copying them.
   * @throws {OptionError} for a kernel that is not a cube.
   */
  static fromLayer(layer: plain.Conv3d, options: ConvFromLayerOptions = {}): Conv3d {
    const { inChannels, outChannels, kernel } = sizesOf('lora.Conv3d.fromLayer', layer, plain.Conv3d, options)
    return inMode(new Conv3d(inChannels, outChannels, kernel, { ...options, ...baseOf(layer) }), layer)
  }
}

/** The geometry of a convolution over single points. */
const pointwise = ({ kernel, groups }: ConvGeometry): ConvGeometry => ({
  kernel: kernel.map(() => 1),
  stride: kernel.map(() => 1),
  padding: kernel.flatMap(() => [0, 0]),
  dilation: kernel.map(() => 1),
  groups,
  paddingMode: 'zeros',
})

/** One number for each channel, shaped to be added to an output with a batch or without. */
const perChannel = (values: Tensor, { kernel }: ConvGeometry): Tensor => values.reshape([-1, ...kernel.map(() => 1)])

/** The sizes of the layer given to `fromLayer`; a kernel with equal sizes as a single number. */
function sizesOf(
  owner: string,
  layer: PlainConv,
  type: PlainClass,
  options: ConvFromLayerOptions,
): { inChannels: number; outChannels: number; kernel: PerDimension } {
  checkLayer(owner, layer, [type])
  checkOptions(owner, options, schemas.ConvFromLayerOptions)
  const { kernel } = layer.geometry
  const isEqual = kernel.every((size) => size === kernel[0])
  return { inChannels: layer.inChannels, outChannels: layer.outChannels, kernel: isEqual ? kernel[0]! : kernel }
}

/** Options that make a convolution with the same geometry over the same tensors. */
function baseOf(layer: Module & { geometry: ConvGeometry; weight: Tensor; bias: Tensor | null }): ConvOptions {
  const { stride, padding, dilation, groups, paddingMode } = layer.geometry
  // Only 'same' can pad the two sides of a dimension differently.
  const isEven = padding.every((n, i) => i % 2 === 0 || n === padding[i - 1])
  return {
    stride,
    padding: isEven ? padding.filter((_, i) => i % 2 === 0) : 'same',
    dilation,
    groups,
    paddingMode,
    weight: layer.weight,
    bias: layer.bias ?? false,
  }
}

// The shapes of the factors depend on a single k, so a list is refused, even one of equal numbers, as upstream does.
function checkKernel(owner: string, kernelSize: PerDimension, dims: number): void {
  if (!Array.isArray(kernelSize) || dims === 1) return
  const equal = kernelSize.every((size) => size === kernelSize[0])
  throw new OptionError({
    what: `${owner}: the low-rank factors support only one kernel size`,
    expected: 'kernelSize: one integer for all dimensions',
    received: `kernelSize: ${show(kernelSize)}`,
    fix: equal
      ? `write ${kernelSize[0]}`
      : `adapt another layer, or pass r: 0 for a plain ${owner.replace('lora', 'nn')}`,
  })
}
