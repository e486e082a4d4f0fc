// Generated from src/nn/conv-transpose.ts by `npm run api`. Do not edit.

import type { Tensor } from '../tensor/tensor.js'
import type { ConvTransposeFunctionalOptions, ConvTransposeGeometry } from './functional/conv-transpose.js'
import type { PerDimension } from './functional/spatial.js'
import type { LinearOptions } from './linear.js'
import { Module } from './module.js'
/** Options of the transposed convolutions. */
export interface ConvTransposeOptions extends ConvTransposeFunctionalOptions, LinearOptions {}
/** The base class of the three transposed convolutions. */
declare abstract class ConvTransposeNd extends Module {
  private readonly owner
  /** Number of input channels. */
  readonly inChannels: number
  /** Number of output channels. */
  readonly outChannels: number
  /** Kernel sizes, stride, padding, output padding, dilation and groups, one number for each dimension. */
  readonly geometry: ConvTransposeGeometry
  weight: Tensor
  bias: Tensor | null
  constructor(
    owner: string,
    dims: number,
    inChannels: number,
    outChannels: number,
    kernelSize: PerDimension,
    options: ConvTransposeOptions,
  )
  /**
   * Computes the layer.
   * @param outputSize the desired spatial sizes, where the stride allows several; it replaces `outputPadding`.
   */
  forward(x: Tensor, outputSize?: readonly number[]): Tensor
  extraRepr(): string
  private paddingFor
}
/**
 * A transposed convolution over one dimension: the gradient of `nn.Conv1d` with respect to its input, as a layer. With a stride it upsamples its input.
 *
 * Shapes: `x (N, C, L)` or `(C, L)` → `y (N, out, L')` with
 * `L' = (L − 1)·stride − 2·padding + dilation·(kernelSize − 1) + outputPadding + 1`; `weight (C, out / groups, kernelSize)`, `bias (out)`.
 * Init: both uniform in ±1/√(out / groups · kernelSize), as in PyTorch.
 */
export declare class ConvTranspose1d extends ConvTransposeNd {
  constructor(inChannels: number, outChannels: number, kernelSize: PerDimension, options?: ConvTransposeOptions)
}
/**
 * A transposed convolution over two dimensions; sizes as in {@link ConvTranspose1d}.
 *
 * @example
 * const up = new nn.ConvTranspose2d(16, 8, 4, { stride: 2, padding: 1 })   // (N, 16, H, W) → (N, 8, 2H, 2W)
 */
export declare class ConvTranspose2d extends ConvTransposeNd {
  constructor(inChannels: number, outChannels: number, kernelSize: PerDimension, options?: ConvTransposeOptions)
}
/** A transposed convolution over three dimensions; sizes as in {@link ConvTranspose1d}. */
export declare class ConvTranspose3d extends ConvTransposeNd {
  constructor(inChannels: number, outChannels: number, kernelSize: PerDimension, options?: ConvTransposeOptions)
}
export {}
