// Generated from src/nn/functional/interpolate.ts by `npm run api`. Do not edit.

import type { Tensor } from '../../tensor/tensor.js'
import type { PerDimension } from './spatial.js'
/** Ways to resize. The linear ones and `'bicubic'` are for a fixed number of spatial dimensions: 1, 2, 3 and 2. */
export type InterpolateMode = 'nearest' | 'nearest-exact' | 'linear' | 'bilinear' | 'trilinear' | 'bicubic' | 'area'
/** Options of {@link interpolate}. */
export interface InterpolateOptions {
  /** Sizes of the result. Give this or `scaleFactor`. @integer @minimum 1 @default null */
  size?: PerDimension | null
  /** The result's sizes are `⌊size · scaleFactor⌋`. @exclusiveMinimum 0 @default null */
  scaleFactor?: PerDimension | null
  /** How places between those of the input get their value; `'area'` takes means. @default 'nearest' */
  mode?: InterpolateMode
  /** The corner places of input and result lie on each other, instead of their outer edges; for the linear modes and `'bicubic'`. @default false */
  alignCorners?: boolean | null
  /** Take the step between places from the rounded sizes and not from `scaleFactor`. @default false */
  recomputeScaleFactor?: boolean
}
/**
 * `x` with other spatial sizes.
 *
 * Shapes: `x (N, C, *spatial)` with 1 to 3 spatial dimensions → `(N, C, *size)`.
 * @example
 * const y = nn.functional.interpolate(x, { scaleFactor: 2, mode: 'bilinear' })   // (1, 3, 32, 32) → (1, 3, 64, 64)
 * @throws {OptionError} unless exactly one of `size` and `scaleFactor` is given, and for modes that do not fit x.
 */
export declare function interpolate(x: Tensor, options: InterpolateOptions): Tensor
