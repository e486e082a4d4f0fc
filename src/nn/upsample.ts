import type { Tensor } from '../tensor/tensor.js'
import { checkResize, resize } from './functional/interpolate.js'
import type { InterpolateOptions, Resize } from './functional/interpolate.js'
import { Module } from './module.js'

/**
 * {@link interpolate} as a layer: it resizes the spatial dimensions of `(N, C, *spatial)`.
 *
 * @example
 * const up = new nn.Upsample({ scaleFactor: 2, mode: 'bilinear' })
 * @throws {OptionError} unless exactly one of `size` and `scaleFactor` is given, and for modes that do not support the dimensions of `x`.
 */
export class Upsample extends Module {
  private readonly options: Resize

  constructor(options: InterpolateOptions) {
    super()
    this.options = checkResize('nn.Upsample', options)
  }

  override forward(x: Tensor): Tensor {
    return resize('nn.Upsample', x, this.options)
  }

  override extraRepr(): string {
    const { size, scaleFactor, mode } = this.options
    return `${size === null ? `scale ${String(scaleFactor)}` : `size ${String(size)}`}, ${mode}`
  }
}
