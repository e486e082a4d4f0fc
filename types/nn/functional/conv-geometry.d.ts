// Generated from src/nn/functional/conv-geometry.ts by `npm run api`. Do not edit.

import type { PerDimension } from './spatial.js'
/** How the padding is filled. */
export type PaddingMode = 'zeros' | 'reflect' | 'replicate' | 'circular'
/** Options of the convolution functions. */
export interface ConvFunctionalOptions {
  /** Step between output positions. @integer @minimum 1 @default 1 */
  stride?: PerDimension
  /** Positions added to both sides of each dimension; `'same'` keeps the size (stride 1 only), `'valid'` adds none. @integer @minimum 0 @default 0 */
  padding?: PerDimension | 'same' | 'valid'
  /** Step between kernel elements. @integer @minimum 1 @default 1 */
  dilation?: PerDimension
  /** Number of groups of channels that are convolved separately; `inChannels` groups make a depthwise convolution. @integer @minimum 1 @default 1 */
  groups?: number
}
/** The checked geometry of a convolution, with one number for each spatial dimension. */
export interface ConvGeometry {
  /** Kernel sizes. */
  readonly kernel: readonly number[]
  /** Steps between output positions. */
  readonly stride: readonly number[]
  /** Two numbers for each dimension: positions added before it and after it. */
  readonly padding: readonly number[]
  /** Steps between kernel elements. */
  readonly dilation: readonly number[]
  /** Number of groups of channels. */
  readonly groups: number
  /** How the padding is filled. */
  readonly paddingMode: PaddingMode
}
