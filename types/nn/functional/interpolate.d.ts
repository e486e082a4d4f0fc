// Generated from src/nn/functional/interpolate.ts by `npm run api`. Do not edit.

import type { Tensor } from '../../tensor/tensor.js'
import type { PerDimension } from './spatial.js'
/**
 * Resizing algorithms. `'linear'`, `'bilinear'`, `'trilinear'` and `'bicubic'` need a fixed number of spatial dimensions: 1, 2, 3 and 2.
 */
export type InterpolateMode = 'nearest' | 'nearest-exact' | 'linear' | 'bilinear' | 'trilinear' | 'bicubic' | 'area'
/** Options of {@link interpolate}. */
export interface InterpolateOptions {
  /** Output sizes. Give this or `scaleFactor`. @integer @minimum 1 @default null */
  size?: PerDimension | null
  /** Output sizes as multiples of the input's: `⌊input size · scaleFactor⌋`. @exclusiveMinimum 0 @default null */
  scaleFactor?: PerDimension | null
  /** The interpolation algorithm; `'area'` averages. @default 'nearest' */
  mode?: InterpolateMode
  /** Align the centers of the corner elements of input and output, not their outer edges; for the linear modes and `'bicubic'`. @default false */
  alignCorners?: boolean | null
  /** Compute the scale from the rounded output sizes instead of using `scaleFactor`. @default false */
  recomputeScaleFactor?: boolean
}
/**
 * Resizes the spatial dimensions of `x`.
 *
 * Shapes: `x (N, C, *spatial)` with 1 to 3 spatial dimensions → `(N, C, *size)`.
 * @example
 * const y = nn.functional.interpolate(x, { scaleFactor: 2, mode: 'bilinear' })   // (1, 3, 32, 32) → (1, 3, 64, 64)
 * @throws {OptionError} unless exactly one of `size` and `scaleFactor` is given, and for modes that do not support the dimensions of `x`.
 */
export declare function interpolate(x: Tensor, options: InterpolateOptions): Tensor
