// Layers that only reshape or rearrange their input.
import { ShapeError } from '../errors.js'
import type { Tensor } from '../tensor/tensor.js'
import { pixelShuffle, pixelUnshuffle } from './functional/pixel-shuffle.js'
import { Module } from './module.js'
import { bad, checkInteger, show } from '../runtime/options.js'

/**
 * Flattens the dimensions `startDim` to `endDim` into one.
 *
 * @example
 * new nn.Flatten().forward(x)        // (8, 16, 7, 7) → (8, 784)
 */
export class Flatten extends Module {
  readonly startDim: number
  readonly endDim: number

  constructor(startDim = 1, endDim = -1) {
    super()
    this.startDim = checkInteger('nn.Flatten', 'startDim', startDim, -Infinity)
    this.endDim = checkInteger('nn.Flatten', 'endDim', endDim, -Infinity)
  }

  override forward(x: Tensor): Tensor {
    return x.flatten(this.startDim, this.endDim)
  }

  override extraRepr(): string {
    return `${this.startDim} to ${this.endDim}`
  }
}

/**
 * Splits a dimension into several; one of the sizes may be −1 and is inferred.
 *
 * @example
 * new nn.Unflatten(1, [16, 7, 7]).forward(x)   // (8, 784) → (8, 16, 7, 7)
 * @throws {ShapeError} when the product of the sizes is not the size of the dimension.
 */
export class Unflatten extends Module {
  readonly dim: number
  readonly sizes: readonly number[]

  constructor(dim: number, sizes: readonly number[]) {
    super()
    this.dim = checkInteger('nn.Unflatten', 'dim', dim, -Infinity)
    const fits = (n: unknown): boolean => Number.isInteger(n) && (n as number) >= -1
    if (!Array.isArray(sizes) || sizes.length === 0 || !sizes.every(fits) || sizes.filter((n) => n === -1).length > 1)
      throw bad('nn.Unflatten', 'sizes', 'a list of integers, at most one of them -1', sizes)
    this.sizes = Object.freeze([...sizes])
  }

  override forward(x: Tensor): Tensor {
    const size = x.size(this.dim)
    const index = this.dim < 0 ? this.dim + x.ndim : this.dim
    const known = this.sizes.reduce((n, d) => (d === -1 ? n : n * d), 1)
    if (this.sizes.includes(-1) ? known === 0 || size % known !== 0 : known !== size) {
      throw new ShapeError({
        what: `nn.Unflatten: dimension ${this.dim} cannot be split into these sizes`,
        expected: `sizes with product ${size}`,
        received: `[${this.sizes.join(', ')}] for x ${show(x)}`,
        fix: 'set one size to -1 to infer it from the others',
      })
    }
    const sizes = this.sizes.map((d) => (d === -1 ? size / known : d))
    return x.reshape([...x.shape.slice(0, index), ...sizes, ...x.shape.slice(index + 1)])
  }

  override extraRepr(): string {
    return `dimension ${this.dim} to ${this.sizes.join(' x ')}`
  }
}

/** {@link pixelShuffle} as a layer. */
export class PixelShuffle extends Module {
  readonly upscaleFactor: number

  constructor(upscaleFactor: number) {
    super()
    this.upscaleFactor = checkInteger('nn.PixelShuffle', 'upscaleFactor', upscaleFactor, 1)
  }

  override forward(x: Tensor): Tensor {
    return pixelShuffle(x, this.upscaleFactor)
  }
}

/** {@link pixelUnshuffle} as a layer. */
export class PixelUnshuffle extends Module {
  readonly downscaleFactor: number

  constructor(downscaleFactor: number) {
    super()
    this.downscaleFactor = checkInteger('nn.PixelUnshuffle', 'downscaleFactor', downscaleFactor, 1)
  }

  override forward(x: Tensor): Tensor {
    return pixelUnshuffle(x, this.downscaleFactor)
  }
}
