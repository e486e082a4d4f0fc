import { OptionError } from '../errors.js'
import * as ops from '../generated/ops.js'
import { zeros } from '../tensor/make.js'
import * as plain from '../nn/conv.js'
import { makeConvBase } from '../nn/conv.js'
import type { ConvOptions } from '../nn/conv.js'
import { convGeometry, convolve, showGeometry } from '../nn/functional/conv-geometry.js'
import type { ConvGeometry } from '../nn/functional/conv-geometry.js'
import { wideDtype } from '../nn/linear.js'
import { parameter } from '../nn/module.js'
import type { Module } from '../nn/module.js'
import { checkOptions } from '../runtime/check-options.js'
import { checkInteger, show } from '../runtime/options.js'
import { schemas } from '../runtime/tables.js'
import type { PerDimension } from '../nn/functional/spatial.js'
import type { Tensor } from '../tensor/tensor.js'
import { checkLayer, inMode } from './from-layer.js'
import type { FromLayerOptions } from './from-layer.js'
import { makeA } from './linear.js'
import { LoraLayer } from './lora-layer.js'
import type { LoraDropoutOptions, LoraOptions } from './lora-layer.js'

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
    const factors = this.activeFactors()
    if (factors === null) return this.convolve(x, this.forwardWeight(), this.bias)
    // The update is computed in f32 (f64 in an f64 layer), whatever the dtype of the base.
    const wide = wideDtype(this.baseWeight.dtype)
    const input = x.dtype === 'bf16' || x.dtype === 'f16' ? x.to(wide) : x
    const update = factors.b.matmul(factors.a).mul(this.scaling).reshape(this.baseWeight.shape)
    const y =
      this.fusedDropout() === 0
        ? this.convolve(input, this.baseWeight.to(wide).add(update), this.bias)
        : this.convolve(input, this.baseWeight, this.bias).add(this.convolve(this.dropped(input), update, null))
    return input === x ? y : y.to(x.dtype)
  }

  protected override fold(weight: Tensor, a: Tensor, b: Tensor, scaling: number): Tensor {
    const rows = b.shape[0]!
    const flat = weight.reshape([rows, -1])
    return ops.loraMerge(flat, a, b, scaling, 0, [0, rows]).reshape(weight.shape)
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
