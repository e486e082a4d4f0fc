// Generated from src/nn/conv.ts by `npm run api`. Do not edit.

import type { Tensor } from '../tensor/tensor.js'
import type { ConvFunctionalOptions, ConvGeometry, PaddingMode } from './functional/conv-geometry.js'
import type { LinearOptions } from './linear.js'
import { Module } from './module.js'
import type { PerDimension } from './functional/spatial.js'
/** Options of the convolutions. */
export interface ConvOptions extends ConvFunctionalOptions, LinearOptions {
  /** How the padding is filled: with zeros, the input mirrored without its border, the repeated border, or the input's other end. @default 'zeros' */
  paddingMode?: PaddingMode
}
/** The base class of the three convolutions. */
declare abstract class ConvNd extends Module {
  private readonly owner
  /** Number of input channels. */
  readonly inChannels: number
  /** Number of output channels. */
  readonly outChannels: number
  /** Kernel sizes, stride, padding, dilation, groups and padding mode, one number for each dimension. */
  readonly geometry: ConvGeometry
  weight: Tensor
  bias: Tensor | null
  constructor(
    owner: string,
    dims: number,
    inChannels: number,
    outChannels: number,
    kernelSize: PerDimension,
    options: ConvOptions,
  )
  /** One size for each spatial dimension. */
  get kernelSize(): readonly number[]
  forward(x: Tensor): Tensor
  extraRepr(): string
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
export declare class Conv1d extends ConvNd {
  constructor(inChannels: number, outChannels: number, kernelSize: PerDimension, options?: ConvOptions)
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
export declare class Conv2d extends ConvNd {
  constructor(inChannels: number, outChannels: number, kernelSize: PerDimension, options?: ConvOptions)
}
/**
 * A convolution over three dimensions.
 *
 * Shapes: `x (N, C, D, H, W)` or `(C, D, H, W)` → `y (N, out, D', H', W')`, sizes as in {@link Conv1d};
 * `weight (out, C / groups, kD, kH, kW)`, `bias (out)`. Init: both uniform in ±1/√(C / groups · kD · kH · kW).
 */
export declare class Conv3d extends ConvNd {
  constructor(inChannels: number, outChannels: number, kernelSize: PerDimension, options?: ConvOptions)
}
/** Weight (out, in / groups, *kernel) and bias of a convolution, given or newly initialized. */
export declare function makeConvBase(
  owner: string,
  inChannels: number,
  outChannels: number,
  geometry: ConvGeometry,
  options: LinearOptions,
): {
  weight: Tensor
  bias: Tensor | null
}
export {}
