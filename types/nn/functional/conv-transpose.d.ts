// Generated from src/nn/functional/conv-transpose.ts by `npm run api`. Do not edit.

import type { ConvFunctionalOptions } from './conv-geometry.js'
import type { PerDimension } from './spatial.js'
/** Numbers that say how a transposed convolution spreads its input. */
export interface ConvTransposeFunctionalOptions extends Pick<ConvFunctionalOptions, 'dilation' | 'groups'> {
  /** Step between the positions that neighbours of the input are spread to. @integer @minimum 1 @default 1 */
  stride?: PerDimension
  /** Positions cut from both sides of each dimension of the output. @integer @minimum 0 @default 0 */
  padding?: PerDimension
  /** Positions added behind each dimension of the output; less than the stride or the dilation. @integer @minimum 0 @default 0 */
  outputPadding?: PerDimension
}
/** The options of a transposed convolution, with one number for each dimension. */
export interface ConvTransposeGeometry {
  readonly kernel: readonly number[]
  readonly stride: readonly number[]
  readonly padding: readonly number[]
  readonly outputPadding: readonly number[]
  readonly dilation: readonly number[]
  readonly groups: number
}
