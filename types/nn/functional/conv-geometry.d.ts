// Generated from src/nn/functional/conv-geometry.ts by `npm run api`. Do not edit.

import type { PerDimension } from './spatial.js'
/** How the places outside of the input are filled. */
export type PaddingMode = 'zeros' | 'reflect' | 'replicate' | 'circular'
/** Numbers that say how a kernel moves over its input. */
export interface ConvFunctionalOptions {
  /** Step between output places. @integer @minimum 1 @default 1 */
  stride?: PerDimension
  /** Places added on both sides of each dimension; `'same'` keeps the size (stride 1 only), `'valid'` adds none. @integer @minimum 0 @default 0 */
  padding?: PerDimension | 'same' | 'valid'
  /** Step between kernel taps. @integer @minimum 1 @default 1 */
  dilation?: PerDimension
  /** Groups of channels that do not see each other; `inChannels` groups make a depthwise convolution. @integer @minimum 1 @default 1 */
  groups?: number
}
/** The same, checked, with one number for each dimension. */
export interface ConvGeometry {
  readonly kernel: readonly number[]
  readonly stride: readonly number[]
  /** Places in front of and behind each dimension. */
  readonly padding: readonly number[]
  readonly dilation: readonly number[]
  readonly groups: number
  readonly paddingMode: PaddingMode
}
