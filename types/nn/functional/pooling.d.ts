// Generated from src/nn/functional/pooling.ts by `npm run api`. Do not edit.

import type { Tensor } from '../../tensor/tensor.js'
import type { PerDimension } from './spatial.js'
/** Options of both kinds of pooling. */
export interface PoolOptions {
  /** Step between windows. @integer @minimum 1 @default kernelSize */
  stride?: PerDimension | null
  /** Positions added to both sides of each dimension, −∞ for the maximum and 0 for the mean; at most half the kernel size. @integer @minimum 0 @default 0 */
  padding?: PerDimension
  /** Round the output size up: the last window may extend past the edge. @default false */
  ceilMode?: boolean
}
/** Options of maximum pooling. */
export interface MaxPoolOptions extends PoolOptions {
  /** Step between the elements of a window. @integer @minimum 1 @default 1 */
  dilation?: PerDimension
}
/** Options of mean pooling. */
export interface AvgPoolOptions extends PoolOptions {
  /** Include the zeros of the padding in the mean. @default true */
  countIncludePad?: boolean
  /** Divide by this instead of the window's size. @integer @minimum 1 @default null */
  divisorOverride?: number | null
}
/** Output size of adaptive pooling; null keeps the input's. */
export type OutputSize = number | readonly (number | null)[]
/**
 * The largest element of each window; NaN counts as the largest.
 *
 * Shapes: `(N, C, L)` → `(N, C, Lout)` with `Lout = ⌊(L + 2·padding − dilation·(kernelSize − 1) − 1) / stride⌋ + 1`.
 * @throws {OptionError} for invalid sizes. @throws {ShapeError} when no window fits.
 */
export declare function maxPool1d(x: Tensor, kernelSize: PerDimension, options?: MaxPoolOptions): Tensor
/** Like {@link maxPool1d}, over `(N, C, H, W)`. */
export declare function maxPool2d(x: Tensor, kernelSize: PerDimension, options?: MaxPoolOptions): Tensor
/** Like {@link maxPool1d}, over `(N, C, D, H, W)`. */
export declare function maxPool3d(x: Tensor, kernelSize: PerDimension, options?: MaxPoolOptions): Tensor
/** {@link maxPool1d} and the index of each maximum along the spatial dimension, i64; of equal maxima, the first. */
export declare function maxPool1dWithIndices(
  x: Tensor,
  kernelSize: PerDimension,
  options?: MaxPoolOptions,
): [Tensor, Tensor]
/** {@link maxPool2d} and the index `h·W + w` of each maximum, i64. */
export declare function maxPool2dWithIndices(
  x: Tensor,
  kernelSize: PerDimension,
  options?: MaxPoolOptions,
): [Tensor, Tensor]
/** {@link maxPool3d} and the index `(d·H + h)·W + w` of each maximum, i64. */
export declare function maxPool3dWithIndices(
  x: Tensor,
  kernelSize: PerDimension,
  options?: MaxPoolOptions,
): [Tensor, Tensor]
/** The largest element of each of `outputSize` sections of `(N, C, L)`: section o is `⌊o·L/outputSize⌋ .. ⌈(o+1)·L/outputSize⌉`. */
export declare function adaptiveMaxPool1d(x: Tensor, outputSize: OutputSize): Tensor
/** Like {@link adaptiveMaxPool1d}, over `(N, C, H, W)`. */
export declare function adaptiveMaxPool2d(x: Tensor, outputSize: OutputSize): Tensor
/** Like {@link adaptiveMaxPool1d}, over `(N, C, D, H, W)`. */
export declare function adaptiveMaxPool3d(x: Tensor, outputSize: OutputSize): Tensor
/** {@link adaptiveMaxPool1d} and the index of each maximum, i64. */
export declare function adaptiveMaxPool1dWithIndices(x: Tensor, outputSize: OutputSize): [Tensor, Tensor]
/** {@link adaptiveMaxPool2d} and the index `h·W + w` of each maximum, i64. */
export declare function adaptiveMaxPool2dWithIndices(x: Tensor, outputSize: OutputSize): [Tensor, Tensor]
/** {@link adaptiveMaxPool3d} and the index `(d·H + h)·W + w` of each maximum, i64. */
export declare function adaptiveMaxPool3dWithIndices(x: Tensor, outputSize: OutputSize): [Tensor, Tensor]
/**
 * The mean of each window.
 *
 * Shapes: `(N, C, L)` → `(N, C, Lout)` with `Lout = ⌊(L + 2·padding − kernelSize) / stride⌋ + 1`.
 * @throws {OptionError} for invalid sizes. @throws {ShapeError} when no window fits.
 */
export declare function avgPool1d(x: Tensor, kernelSize: PerDimension, options?: AvgPoolOptions): Tensor
/** Like {@link avgPool1d}, over `(N, C, H, W)`. */
export declare function avgPool2d(x: Tensor, kernelSize: PerDimension, options?: AvgPoolOptions): Tensor
/** Like {@link avgPool1d}, over `(N, C, D, H, W)`. */
export declare function avgPool3d(x: Tensor, kernelSize: PerDimension, options?: AvgPoolOptions): Tensor
/** The mean of each of `outputSize` sections of `(N, C, L)`: section o is `⌊o·L/outputSize⌋ .. ⌈(o+1)·L/outputSize⌉`. */
export declare function adaptiveAvgPool1d(x: Tensor, outputSize: OutputSize): Tensor
/** Like {@link adaptiveAvgPool1d}, over `(N, C, H, W)`. */
export declare function adaptiveAvgPool2d(x: Tensor, outputSize: OutputSize): Tensor
/** Like {@link adaptiveAvgPool1d}, over `(N, C, D, H, W)`. */
export declare function adaptiveAvgPool3d(x: Tensor, outputSize: OutputSize): Tensor
