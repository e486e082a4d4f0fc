// Generated from src/nn/upsample.ts by `npm run api`. Do not edit.

import type { Tensor } from '../tensor/tensor.js'
import type { InterpolateOptions } from './functional/interpolate.js'
import { Module } from './module.js'
/**
 * {@link interpolate} as a layer: it resizes the spatial dimensions of `(N, C, *spatial)`.
 *
 * @example
 * const up = new nn.Upsample({ scaleFactor: 2, mode: 'bilinear' })
 * @throws {OptionError} unless exactly one of `size` and `scaleFactor` is given, and for modes that do not support the dimensions of `x`.
 */
export declare class Upsample extends Module {
  private readonly options
  constructor(options: InterpolateOptions)
  forward(x: Tensor): Tensor
  extraRepr(): string
}
