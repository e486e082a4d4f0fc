// Generated from src/nn/functional/conv-transpose.ts by `npm run api`. Do not edit.

import type { ConvFunctionalOptions } from './conv-geometry.js'
import type { PerDimension } from './spatial.js'
/** Options of the transposed convolution functions. */
export interface ConvTransposeFunctionalOptions extends Pick<ConvFunctionalOptions, 'dilation' | 'groups'> {
  /** Step between the output positions of neighbouring input elements. @integer @minimum 1 @default 1 */
  stride?: PerDimension
  /** Positions removed from both sides of each output dimension. @integer @minimum 0 @default 0 */
  padding?: PerDimension
  /** Positions added to the end of each output dimension; must be less than the stride or the dilation. @integer @minimum 0 @default 0 */
  outputPadding?: PerDimension
}
/** The checked geometry of a transposed convolution, with one number for each spatial dimension. */
export interface ConvTransposeGeometry {
  /** Kernel sizes. */
  readonly kernel: readonly number[]
  /** Steps between the output positions of neighbouring input elements. */
  readonly stride: readonly number[]
  /** Positions removed from both sides of the output. */
  readonly padding: readonly number[]
  /** Positions added to the end of the output. */
  readonly outputPadding: readonly number[]
  /** Steps between kernel elements. */
  readonly dilation: readonly number[]
  /** Number of groups of channels. */
  readonly groups: number
}
