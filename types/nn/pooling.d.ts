// Generated from src/nn/pooling.ts by `npm run api`. Do not edit.

import type { Tensor } from '../tensor/tensor.js'
import { Module } from './module.js'
import type { AvgPoolOptions, MaxPoolOptions, OutputSize } from './functional/pooling.js'
import type { PerDimension } from './functional/spatial.js'
declare abstract class MaxPool extends Module {
  private readonly owner
  private readonly windows
  constructor(owner: string, spatial: number, kernelSize: PerDimension, options: MaxPoolOptions)
  forward(x: Tensor): Tensor
  extraRepr(): string
}
/**
 * The largest element of each window of `(N, C, L)` or `(C, L)`. `nn.functional.maxPool1dWithIndices` also returns the indices.
 * @throws {OptionError} for invalid sizes. @throws {ShapeError} when no window fits.
 */
export declare class MaxPool1d extends MaxPool {
  constructor(kernelSize: PerDimension, options?: MaxPoolOptions)
}
/**
 * The largest element of each window of `(N, C, H, W)` or `(C, H, W)`.
 *
 * @example
 * const pool = new nn.MaxPool2d(2)
 * const y = pool.forward(x)          // (8, 16, 28, 28) → (8, 16, 14, 14)
 */
export declare class MaxPool2d extends MaxPool {
  constructor(kernelSize: PerDimension, options?: MaxPoolOptions)
}
/** The largest element of each window of `(N, C, D, H, W)` or `(C, D, H, W)`. */
export declare class MaxPool3d extends MaxPool {
  constructor(kernelSize: PerDimension, options?: MaxPoolOptions)
}
declare abstract class AvgPool extends Module {
  private readonly owner
  private readonly windows
  constructor(owner: string, spatial: number, kernelSize: PerDimension, options: AvgPoolOptions)
  forward(x: Tensor): Tensor
  extraRepr(): string
}
/**
 * The mean of each window of `(N, C, L)` or `(C, L)`.
 * @throws {OptionError} for invalid sizes. @throws {ShapeError} when no window fits.
 */
export declare class AvgPool1d extends AvgPool {
  constructor(kernelSize: PerDimension, options?: AvgPoolOptions)
}
/** The mean of each window of `(N, C, H, W)` or `(C, H, W)`. */
export declare class AvgPool2d extends AvgPool {
  constructor(kernelSize: PerDimension, options?: AvgPoolOptions)
}
/** The mean of each window of `(N, C, D, H, W)` or `(C, D, H, W)`. */
export declare class AvgPool3d extends AvgPool {
  constructor(kernelSize: PerDimension, options?: AvgPoolOptions)
}
declare abstract class AdaptivePool extends Module {
  protected readonly owner: string
  /** Output sizes; null keeps the input's. */
  readonly outputSize: readonly (number | null)[]
  constructor(owner: string, spatial: number, outputSize: OutputSize)
  extraRepr(): string
}
declare abstract class AdaptiveAvgPool extends AdaptivePool {
  forward(x: Tensor): Tensor
}
/** The mean of each of `outputSize` sections of `(N, C, L)` or `(C, L)`. */
export declare class AdaptiveAvgPool1d extends AdaptiveAvgPool {
  constructor(outputSize: OutputSize)
}
/**
 * The mean of each of `outputSize` sections of `(N, C, H, W)` or `(C, H, W)`.
 *
 * @example
 * const pool = new nn.AdaptiveAvgPool2d(1)   // (8, 512, 7, 7) → (8, 512, 1, 1), whatever the image's size
 */
export declare class AdaptiveAvgPool2d extends AdaptiveAvgPool {
  constructor(outputSize: OutputSize)
}
/** The mean of each of `outputSize` sections of `(N, C, D, H, W)` or `(C, D, H, W)`. */
export declare class AdaptiveAvgPool3d extends AdaptiveAvgPool {
  constructor(outputSize: OutputSize)
}
declare abstract class AdaptiveMaxPool extends AdaptivePool {
  forward(x: Tensor): Tensor
}
/** The largest element of each of `outputSize` sections of `(N, C, L)` or `(C, L)`. */
export declare class AdaptiveMaxPool1d extends AdaptiveMaxPool {
  constructor(outputSize: OutputSize)
}
/** The largest element of each of `outputSize` sections of `(N, C, H, W)` or `(C, H, W)`. */
export declare class AdaptiveMaxPool2d extends AdaptiveMaxPool {
  constructor(outputSize: OutputSize)
}
/** The largest element of each of `outputSize` sections of `(N, C, D, H, W)` or `(C, D, H, W)`. */
export declare class AdaptiveMaxPool3d extends AdaptiveMaxPool {
  constructor(outputSize: OutputSize)
}
export {}
