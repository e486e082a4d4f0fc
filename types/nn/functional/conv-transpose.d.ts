// Generated from src/nn/functional/conv-transpose.ts by `npm run api`. Do not edit.

import type { PerDimension } from './spatial.js'
/** Numbers that say how a transposed convolution spreads its input. */
export interface ConvTransposeFunctionalOptions {
  /** Step between the places that neighbours of the input are spread to. @default 1 */
  stride?: PerDimension
  /** Places cut from both sides of each dimension of the output. @default 0 */
  padding?: PerDimension
  /** Places added behind each dimension of the output; less than the stride or the dilation. @default 0 */
  outputPadding?: PerDimension
  /** Step between kernel taps. @default 1 */
  dilation?: PerDimension
  /** Groups of channels that do not see each other. @default 1 */
  groups?: number
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
