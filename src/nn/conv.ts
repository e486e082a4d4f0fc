import type { Tensor } from '../tensor/tensor.js'
import { checkGroups, convGeometry, convolve, showGeometry } from './functional/conv-geometry.js'
import type { ConvFunctionalOptions, ConvGeometry, PaddingMode } from './functional/conv-geometry.js'
import { makeKernels } from './kernels.js'
import type { LinearOptions } from './linear.js'
import { Module } from './module.js'
import { checkOptions } from '../runtime/check-options.js'
import { checkInteger } from '../runtime/options.js'
import { schemas } from '../runtime/tables.js'
import type { PerDimension } from './functional/spatial.js'

/** Options of the convolutions. */
export interface ConvOptions extends ConvFunctionalOptions, LinearOptions {
  /** How the padding is filled: with zeros, the input mirrored without its border, the repeated border, or the input's other end. @default 'zeros' */
  paddingMode?: PaddingMode
}

/** The base class of the three convolutions. */
abstract class ConvNd extends Module {
  /** Number of input channels. */
  readonly inChannels: number
  /** Number of output channels. */
  readonly outChannels: number
  /** Kernel sizes, stride, padding, dilation, groups and padding mode, one number for each dimension. */
  readonly geometry: ConvGeometry
  weight: Tensor
  bias: Tensor | null

  constructor(
    private readonly owner: string,
    dims: number,
    inChannels: number,
    outChannels: number,
    kernelSize: PerDimension,
    options: ConvOptions,
  ) {
    super()
    checkOptions(owner, options, schemas.ConvOptions)
    this.inChannels = checkInteger(owner, 'inChannels', inChannels, 1)
    this.outChannels = checkInteger(owner, 'outChannels', outChannels, 1)
    this.geometry = convGeometry(owner, dims, kernelSize, options)
    const { weight, bias } = makeConvBase(owner, inChannels, outChannels, this.geometry, options)
    this.weight = weight
    this.bias = bias
  }

  /** One size for each spatial dimension. */
  get kernelSize(): readonly number[] {
    return this.geometry.kernel
  }

  override forward(x: Tensor): Tensor {
    return convolve(this.owner, x, this.weight, this.bias, this.geometry)
  }

  override extraRepr(): string {
    const { inChannels, outChannels } = this
    return `${inChannels} -> ${outChannels}, ${showGeometry(this.geometry)}${this.bias ? '' : ', no bias'}`
  }
}

/**
 * A convolution over one dimension (strictly a cross-correlation, as usual in deep learning).
 *
 * Shapes: `x (N, C, L)` or `(C, L)` → `y (N, out, L')` or `(out, L')` with
 * `L' = ⌊(L + 2·padding − dilation·(kernelSize − 1) − 1) / stride⌋ + 1`; `weight (out, C / groups, kernelSize)`, `bias (out)`.
 * Init: both uniform in ±1/√(C / groups · kernelSize), as in PyTorch.
 *
 * @example
 * const conv = new nn.Conv1d(16, 32, 3, { padding: 'same' })
 * @throws {OptionError} for invalid options, among them `groups` that does not divide both channel counts.
 * @throws {ShapeError} for an input with another number of channels or dimensions, or smaller than the kernel.
 */
export class Conv1d extends ConvNd {
  constructor(inChannels: number, outChannels: number, kernelSize: PerDimension, options: ConvOptions = {}) {
    super('nn.Conv1d', 1, inChannels, outChannels, kernelSize, options)
  }
}

/**
 * A convolution over two dimensions.
 *
 * Shapes: `x (N, C, H, W)` or `(C, H, W)` → `y (N, out, H', W')` or `(out, H', W')`, sizes as in {@link Conv1d};
 * `weight (out, C / groups, kH, kW)`, `bias (out)`. Init: both uniform in ±1/√(C / groups · kH · kW).
 *
 * @example
 * const conv = new nn.Conv2d(3, 16, [3, 5], { stride: 2, padding: [1, 2], paddingMode: 'reflect' })
 */
export class Conv2d extends ConvNd {
  constructor(inChannels: number, outChannels: number, kernelSize: PerDimension, options: ConvOptions = {}) {
    super('nn.Conv2d', 2, inChannels, outChannels, kernelSize, options)
  }
}

/**
 * A convolution over three dimensions.
 *
 * Shapes: `x (N, C, D, H, W)` or `(C, D, H, W)` → `y (N, out, D', H', W')`, sizes as in {@link Conv1d};
 * `weight (out, C / groups, kD, kH, kW)`, `bias (out)`. Init: both uniform in ±1/√(C / groups · kD · kH · kW).
 */
export class Conv3d extends ConvNd {
  constructor(inChannels: number, outChannels: number, kernelSize: PerDimension, options: ConvOptions = {}) {
    super('nn.Conv3d', 3, inChannels, outChannels, kernelSize, options)
  }
}

/** Weight (out, in / groups, *kernel) and bias of a convolution, given or newly initialized. */
export function makeConvBase(
  owner: string,
  inChannels: number,
  outChannels: number,
  geometry: ConvGeometry,
  options: LinearOptions,
): { weight: Tensor; bias: Tensor | null } {
  checkGroups(owner, geometry.groups, inChannels, outChannels)
  return makeKernels(owner, [outChannels, inChannels / geometry.groups, ...geometry.kernel], outChannels, options)
}
