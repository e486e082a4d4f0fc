// Pooling layers. The number in a name is that of the spatial dimensions; the batch dimension of an input is optional.
import type { Tensor } from '../tensor/tensor.js'
import { Module } from './module.js'
import {
  adaptiveAvgOf,
  adaptiveMaxOf,
  adaptiveSize,
  avgOf,
  avgWindows,
  maxOf,
  maxWindows,
} from './functional/pooling.js'
import type {
  AvgPoolOptions,
  AvgWindows,
  MaxPoolOptions,
  MaxWindows,
  OutputSize,
  Windows,
} from './functional/pooling.js'
import type { PerDimension } from './functional/spatial.js'

function shown({ kernelSize, stride, padding, ceilMode }: Windows): string {
  const sizes = `kernel ${kernelSize.join(' x ')}, stride ${stride.join(' x ')}, padding ${padding.join(' x ')}`
  return ceilMode ? `${sizes}, ceilMode` : sizes
}

abstract class MaxPool extends Module {
  private readonly windows: MaxWindows

  constructor(
    private readonly owner: string,
    spatial: number,
    kernelSize: PerDimension,
    options: MaxPoolOptions,
  ) {
    super()
    this.windows = maxWindows(owner, spatial, kernelSize, options)
  }

  override forward(x: Tensor): Tensor {
    return maxOf(this.owner, x, this.windows)[0]
  }

  override extraRepr(): string {
    return shown(this.windows)
  }
}

/**
 * The largest element of each window of `(N, C, L)` or `(C, L)`. `nn.functional.maxPool1dWithIndices` also returns the indices.
 * @throws {OptionError} for invalid sizes. @throws {ShapeError} when no window fits.
 */
export class MaxPool1d extends MaxPool {
  constructor(kernelSize: PerDimension, options: MaxPoolOptions = {}) {
    super('nn.MaxPool1d', 1, kernelSize, options)
  }
}

/**
 * The largest element of each window of `(N, C, H, W)` or `(C, H, W)`.
 *
 * @example
 * const pool = new nn.MaxPool2d(2)
 * const y = pool.forward(x)          // (8, 16, 28, 28) → (8, 16, 14, 14)
 */
export class MaxPool2d extends MaxPool {
  constructor(kernelSize: PerDimension, options: MaxPoolOptions = {}) {
    super('nn.MaxPool2d', 2, kernelSize, options)
  }
}

/** The largest element of each window of `(N, C, D, H, W)` or `(C, D, H, W)`. */
export class MaxPool3d extends MaxPool {
  constructor(kernelSize: PerDimension, options: MaxPoolOptions = {}) {
    super('nn.MaxPool3d', 3, kernelSize, options)
  }
}

abstract class AvgPool extends Module {
  private readonly windows: AvgWindows

  constructor(
    private readonly owner: string,
    spatial: number,
    kernelSize: PerDimension,
    options: AvgPoolOptions,
  ) {
    super()
    this.windows = avgWindows(owner, spatial, kernelSize, options)
  }

  override forward(x: Tensor): Tensor {
    return avgOf(this.owner, x, this.windows)
  }

  override extraRepr(): string {
    return shown(this.windows)
  }
}

/**
 * The mean of each window of `(N, C, L)` or `(C, L)`.
 * @throws {OptionError} for invalid sizes. @throws {ShapeError} when no window fits.
 */
export class AvgPool1d extends AvgPool {
  constructor(kernelSize: PerDimension, options: AvgPoolOptions = {}) {
    super('nn.AvgPool1d', 1, kernelSize, options)
  }
}

/** The mean of each window of `(N, C, H, W)` or `(C, H, W)`. */
export class AvgPool2d extends AvgPool {
  constructor(kernelSize: PerDimension, options: AvgPoolOptions = {}) {
    super('nn.AvgPool2d', 2, kernelSize, options)
  }
}

/** The mean of each window of `(N, C, D, H, W)` or `(C, D, H, W)`. */
export class AvgPool3d extends AvgPool {
  constructor(kernelSize: PerDimension, options: AvgPoolOptions = {}) {
    super('nn.AvgPool3d', 3, kernelSize, options)
  }
}

abstract class AdaptivePool extends Module {
  /** Output sizes; null keeps the input's. */
  readonly outputSize: readonly (number | null)[]

  constructor(
    protected readonly owner: string,
    spatial: number,
    outputSize: OutputSize,
  ) {
    super()
    this.outputSize = adaptiveSize(owner, spatial, outputSize)
  }

  override extraRepr(): string {
    return `output ${this.outputSize.map((n) => n ?? 'as input').join(' x ')}`
  }
}

abstract class AdaptiveAvgPool extends AdaptivePool {
  override forward(x: Tensor): Tensor {
    return adaptiveAvgOf(this.owner, x, this.outputSize)
  }
}

/** The mean of each of `outputSize` sections of `(N, C, L)` or `(C, L)`. */
export class AdaptiveAvgPool1d extends AdaptiveAvgPool {
  constructor(outputSize: OutputSize) {
    super('nn.AdaptiveAvgPool1d', 1, outputSize)
  }
}

/**
 * The mean of each of `outputSize` sections of `(N, C, H, W)` or `(C, H, W)`.
 *
 * @example
 * const pool = new nn.AdaptiveAvgPool2d(1)   // (8, 512, 7, 7) → (8, 512, 1, 1), whatever the image's size
 */
export class AdaptiveAvgPool2d extends AdaptiveAvgPool {
  constructor(outputSize: OutputSize) {
    super('nn.AdaptiveAvgPool2d', 2, outputSize)
  }
}

/** The mean of each of `outputSize` sections of `(N, C, D, H, W)` or `(C, D, H, W)`. */
export class AdaptiveAvgPool3d extends AdaptiveAvgPool {
  constructor(outputSize: OutputSize) {
    super('nn.AdaptiveAvgPool3d', 3, outputSize)
  }
}

abstract class AdaptiveMaxPool extends AdaptivePool {
  override forward(x: Tensor): Tensor {
    return adaptiveMaxOf(this.owner, x, this.outputSize)[0]
  }
}

/** The largest element of each of `outputSize` sections of `(N, C, L)` or `(C, L)`. */
export class AdaptiveMaxPool1d extends AdaptiveMaxPool {
  constructor(outputSize: OutputSize) {
    super('nn.AdaptiveMaxPool1d', 1, outputSize)
  }
}

/** The largest element of each of `outputSize` sections of `(N, C, H, W)` or `(C, H, W)`. */
export class AdaptiveMaxPool2d extends AdaptiveMaxPool {
  constructor(outputSize: OutputSize) {
    super('nn.AdaptiveMaxPool2d', 2, outputSize)
  }
}

/** The largest element of each of `outputSize` sections of `(N, C, D, H, W)` or `(C, D, H, W)`. */
export class AdaptiveMaxPool3d extends AdaptiveMaxPool {
  constructor(outputSize: OutputSize) {
    super('nn.AdaptiveMaxPool3d', 3, outputSize)
  }
}
