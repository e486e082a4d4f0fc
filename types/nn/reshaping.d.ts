// Generated from src/nn/reshaping.ts by `npm run api`. Do not edit.

import type { Tensor } from '../tensor/tensor.js'
import { Module } from './module.js'
/**
 * Flattens the dimensions `startDim` to `endDim` into one.
 *
 * @example
 * new nn.Flatten().forward(x)        // (8, 16, 7, 7) → (8, 784)
 */
export declare class Flatten extends Module {
  readonly startDim: number
  readonly endDim: number
  constructor(startDim?: number, endDim?: number)
  forward(x: Tensor): Tensor
  extraRepr(): string
}
/**
 * Splits a dimension into several; one of the sizes may be −1 and is inferred.
 *
 * @example
 * new nn.Unflatten(1, [16, 7, 7]).forward(x)   // (8, 784) → (8, 16, 7, 7)
 * @throws {ShapeError} when the product of the sizes is not the size of the dimension.
 */
export declare class Unflatten extends Module {
  readonly dim: number
  readonly sizes: readonly number[]
  constructor(dim: number, sizes: readonly number[])
  forward(x: Tensor): Tensor
  extraRepr(): string
}
/** {@link pixelShuffle} as a layer. */
export declare class PixelShuffle extends Module {
  readonly upscaleFactor: number
  constructor(upscaleFactor: number)
  forward(x: Tensor): Tensor
}
/** {@link pixelUnshuffle} as a layer. */
export declare class PixelUnshuffle extends Module {
  readonly downscaleFactor: number
  constructor(downscaleFactor: number)
  forward(x: Tensor): Tensor
}
