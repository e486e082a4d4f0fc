// Pooling as functions. `x (N, C, *spatial)` or, without a batch, `(C, *spatial)`; the number in the name counts the spatial dimensions.
import * as ops from '../../generated/ops.js'
import type { Tensor } from '../../tensor/tensor.js'
import { checkOptions } from '../../runtime/check-options.js'
import { bad } from '../../runtime/options.js'
import { schemas } from '../../runtime/tables.js'
import { perDimension, toBatch } from './spatial.js'
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

/** The checked windows of a pooling operation. */
export interface Windows {
  readonly spatial: number
  readonly kernelSize: readonly number[]
  readonly stride: readonly number[]
  readonly padding: readonly number[]
  readonly ceilMode: boolean
}

/** Checked options of maximum pooling. */
export interface MaxWindows extends Windows {
  readonly dilation: readonly number[]
}

/** Checked options of mean pooling. */
export interface AvgWindows extends Windows {
  readonly countIncludePad: boolean
  readonly divisorOverride: number | null
}

/** Checks kernel size and options of maximum pooling over `spatial` dimensions. */
export function maxWindows(
  owner: string,
  spatial: number,
  kernelSize: PerDimension,
  options: MaxPoolOptions,
): MaxWindows {
  checkOptions(owner, options, schemas.MaxPoolOptions)
  const dilation = perDimension(owner, 'dilation', options.dilation ?? 1, spatial, 1)
  return { ...windows(owner, spatial, kernelSize, options), dilation }
}

/** Checks kernel size and options of mean pooling over `spatial` dimensions. */
export function avgWindows(
  owner: string,
  spatial: number,
  kernelSize: PerDimension,
  options: AvgPoolOptions,
): AvgWindows {
  checkOptions(owner, options, schemas.AvgPoolOptions)
  const countIncludePad = options.countIncludePad ?? true
  const divisorOverride = options.divisorOverride ?? null
  return { ...windows(owner, spatial, kernelSize, options), countIncludePad, divisorOverride }
}

function windows(owner: string, spatial: number, kernel: PerDimension, options: PoolOptions): Windows {
  const kernelSize = perDimension(owner, 'kernelSize', kernel, spatial, 1)
  const stride = perDimension(owner, 'stride', options.stride ?? kernelSize, spatial, 1)
  const padding = perDimension(owner, 'padding', options.padding ?? 0, spatial, 0)
  if (padding.some((n, i) => n > kernelSize[i]! / 2)) {
    throw bad(owner, 'padding', `at most half of kernelSize (${kernelSize.join(', ')})`, options.padding)
  }
  return {
    spatial,
    kernelSize,
    stride,
    padding,
    ceilMode: options.ceilMode ?? false,
  }
}

/** Checks the output size of adaptive pooling. */
export function adaptiveSize(owner: string, spatial: number, size: unknown): readonly (number | null)[] {
  if (typeof size === 'number') return perDimension(owner, 'outputSize', size, spatial, 1)
  const fits = (n: unknown): boolean => n === null || (typeof n === 'number' && Number.isInteger(n) && n >= 1)
  if (Array.isArray(size) && size.length === spatial && size.every(fits)) return Object.freeze([...size])
  throw bad(owner, 'outputSize', `an integer, 1 or more, or a list of ${spatial} of these or null`, size)
}

// ---- the operations, with checked options -----------------------------------------------------------------------------

/** The largest element of each window and its index. */
export function maxOf(owner: string, input: Tensor, w: MaxWindows): [Tensor, Tensor] {
  const [x, undo] = toBatch(owner, input, w.spatial)
  const [y, index] = ops.maxPool(x, w.kernelSize, w.stride, w.padding, w.dilation, w.ceilMode)
  return [undo(y), undo(index)]
}

/** The mean of each window. */
export function avgOf(owner: string, input: Tensor, w: AvgWindows): Tensor {
  const [x, undo] = toBatch(owner, input, w.spatial)
  const divisor = w.divisorOverride ?? 0
  return undo(ops.avgPool(x, w.kernelSize, w.stride, w.padding, w.ceilMode, w.countIncludePad, divisor))
}

/** The largest element of each section and its index. */
export function adaptiveMaxOf(owner: string, input: Tensor, size: readonly (number | null)[]): [Tensor, Tensor] {
  const [x, undo] = toBatch(owner, input, size.length)
  const [y, index] = ops.adaptiveMaxPool(x, filled(x, size))
  return [undo(y), undo(index)]
}

/** The mean of each section. */
export function adaptiveAvgOf(owner: string, input: Tensor, size: readonly (number | null)[]): Tensor {
  const [x, undo] = toBatch(owner, input, size.length)
  const sizes = filled(x, size)
  // The mean over all elements, the usual case, has a faster kernel.
  if (x.numel > 0 && sizes.every((n) => n === 1))
    return undo(
      x.mean(
        [...sizes.keys()].map((i) => 2 + i),
        true,
      ),
    )
  return undo(ops.adaptiveAvgPool(x, sizes))
}

function filled(x: Tensor, size: readonly (number | null)[]): number[] {
  return size.map((n, i) => n ?? x.shape[2 + i]!)
}

// ---- maximum ----------------------------------------------------------------------------------------------------------

/**
 * The largest element of each window; NaN counts as the largest.
 *
 * Shapes: `(N, C, L)` → `(N, C, Lout)` with `Lout = ⌊(L + 2·padding − dilation·(kernelSize − 1) − 1) / stride⌋ + 1`.
 * @throws {OptionError} for invalid sizes. @throws {ShapeError} when no window fits.
 */
export function maxPool1d(x: Tensor, kernelSize: PerDimension, options: MaxPoolOptions = {}): Tensor {
  return maxPool1dWithIndices(x, kernelSize, options)[0]
}

/** Like {@link maxPool1d}, over `(N, C, H, W)`. */
export function maxPool2d(x: Tensor, kernelSize: PerDimension, options: MaxPoolOptions = {}): Tensor {
  return maxPool2dWithIndices(x, kernelSize, options)[0]
}

/** Like {@link maxPool1d}, over `(N, C, D, H, W)`. */
export function maxPool3d(x: Tensor, kernelSize: PerDimension, options: MaxPoolOptions = {}): Tensor {
  return maxPool3dWithIndices(x, kernelSize, options)[0]
}

/** {@link maxPool1d} and the index of each maximum along the spatial dimension, i64; of equal maxima, the first. */
export function maxPool1dWithIndices(
  x: Tensor,
  kernelSize: PerDimension,
  options: MaxPoolOptions = {},
): [Tensor, Tensor] {
  const owner = 'nn.functional.maxPool1d'
  return maxOf(owner, x, maxWindows(owner, 1, kernelSize, options))
}

/** {@link maxPool2d} and the index `h·W + w` of each maximum, i64. */
export function maxPool2dWithIndices(
  x: Tensor,
  kernelSize: PerDimension,
  options: MaxPoolOptions = {},
): [Tensor, Tensor] {
  const owner = 'nn.functional.maxPool2d'
  return maxOf(owner, x, maxWindows(owner, 2, kernelSize, options))
}

/** {@link maxPool3d} and the index `(d·H + h)·W + w` of each maximum, i64. */
export function maxPool3dWithIndices(
  x: Tensor,
  kernelSize: PerDimension,
  options: MaxPoolOptions = {},
): [Tensor, Tensor] {
  const owner = 'nn.functional.maxPool3d'
  return maxOf(owner, x, maxWindows(owner, 3, kernelSize, options))
}

/** The largest element of each of `outputSize` sections of `(N, C, L)`: section o is `⌊o·L/outputSize⌋ .. ⌈(o+1)·L/outputSize⌉`. */
export function adaptiveMaxPool1d(x: Tensor, outputSize: OutputSize): Tensor {
  return adaptiveMaxPool1dWithIndices(x, outputSize)[0]
}

/** Like {@link adaptiveMaxPool1d}, over `(N, C, H, W)`. */
export function adaptiveMaxPool2d(x: Tensor, outputSize: OutputSize): Tensor {
  return adaptiveMaxPool2dWithIndices(x, outputSize)[0]
}

/** Like {@link adaptiveMaxPool1d}, over `(N, C, D, H, W)`. */
export function adaptiveMaxPool3d(x: Tensor, outputSize: OutputSize): Tensor {
  return adaptiveMaxPool3dWithIndices(x, outputSize)[0]
}

/** {@link adaptiveMaxPool1d} and the index of each maximum, i64. */
export function adaptiveMaxPool1dWithIndices(x: Tensor, outputSize: OutputSize): [Tensor, Tensor] {
  const owner = 'nn.functional.adaptiveMaxPool1d'
  return adaptiveMaxOf(owner, x, adaptiveSize(owner, 1, outputSize))
}

/** {@link adaptiveMaxPool2d} and the index `h·W + w` of each maximum, i64. */
export function adaptiveMaxPool2dWithIndices(x: Tensor, outputSize: OutputSize): [Tensor, Tensor] {
  const owner = 'nn.functional.adaptiveMaxPool2d'
  return adaptiveMaxOf(owner, x, adaptiveSize(owner, 2, outputSize))
}

/** {@link adaptiveMaxPool3d} and the index `(d·H + h)·W + w` of each maximum, i64. */
export function adaptiveMaxPool3dWithIndices(x: Tensor, outputSize: OutputSize): [Tensor, Tensor] {
  const owner = 'nn.functional.adaptiveMaxPool3d'
  return adaptiveMaxOf(owner, x, adaptiveSize(owner, 3, outputSize))
}

// ---- mean -------------------------------------------------------------------------------------------------------------

/**
 * The mean of each window.
 *
 * Shapes: `(N, C, L)` → `(N, C, Lout)` with `Lout = ⌊(L + 2·padding − kernelSize) / stride⌋ + 1`.
 * @throws {OptionError} for invalid sizes. @throws {ShapeError} when no window fits.
 */
export function avgPool1d(x: Tensor, kernelSize: PerDimension, options: AvgPoolOptions = {}): Tensor {
  const owner = 'nn.functional.avgPool1d'
  return avgOf(owner, x, avgWindows(owner, 1, kernelSize, options))
}

/** Like {@link avgPool1d}, over `(N, C, H, W)`. */
export function avgPool2d(x: Tensor, kernelSize: PerDimension, options: AvgPoolOptions = {}): Tensor {
  const owner = 'nn.functional.avgPool2d'
  return avgOf(owner, x, avgWindows(owner, 2, kernelSize, options))
}

/** Like {@link avgPool1d}, over `(N, C, D, H, W)`. */
export function avgPool3d(x: Tensor, kernelSize: PerDimension, options: AvgPoolOptions = {}): Tensor {
  const owner = 'nn.functional.avgPool3d'
  return avgOf(owner, x, avgWindows(owner, 3, kernelSize, options))
}

/** The mean of each of `outputSize` sections of `(N, C, L)`: section o is `⌊o·L/outputSize⌋ .. ⌈(o+1)·L/outputSize⌉`. */
export function adaptiveAvgPool1d(x: Tensor, outputSize: OutputSize): Tensor {
  const owner = 'nn.functional.adaptiveAvgPool1d'
  return adaptiveAvgOf(owner, x, adaptiveSize(owner, 1, outputSize))
}

/** Like {@link adaptiveAvgPool1d}, over `(N, C, H, W)`. */
export function adaptiveAvgPool2d(x: Tensor, outputSize: OutputSize): Tensor {
  const owner = 'nn.functional.adaptiveAvgPool2d'
  return adaptiveAvgOf(owner, x, adaptiveSize(owner, 2, outputSize))
}

/** Like {@link adaptiveAvgPool1d}, over `(N, C, D, H, W)`. */
export function adaptiveAvgPool3d(x: Tensor, outputSize: OutputSize): Tensor {
  const owner = 'nn.functional.adaptiveAvgPool3d'
  return adaptiveAvgOf(owner, x, adaptiveSize(owner, 3, outputSize))
}
