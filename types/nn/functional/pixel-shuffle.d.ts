// Generated from src/nn/functional/pixel-shuffle.ts by `npm run api`. Do not edit.

import type { Tensor } from '../../tensor/tensor.js'
/**
 * Moves channels to spatial positions: `(..., C·r², H, W)` → `(..., C, H·r, W·r)`, as sub-pixel convolution needs (Shi et al. 2016).
 * @throws {ShapeError} when r² does not divide the channels.
 */
export declare function pixelShuffle(x: Tensor, upscaleFactor: number): Tensor
/**
 * Moves spatial positions to channels, the inverse of {@link pixelShuffle}: `(..., C, H·r, W·r)` → `(..., C·r², H, W)`.
 * @throws {ShapeError} when r does not divide height and width.
 */
export declare function pixelUnshuffle(x: Tensor, downscaleFactor: number): Tensor
