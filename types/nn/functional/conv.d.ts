// Generated from src/nn/functional/conv.ts by `npm run api`. Do not edit.

import type { Tensor } from '../../tensor/tensor.js'
import type { ConvFunctionalOptions } from './conv-geometry.js'
import type { ConvTransposeFunctionalOptions } from './conv-transpose.js'
type Conv = (x: Tensor, weight: Tensor, bias?: Tensor | null, options?: ConvFunctionalOptions) => Tensor
type ConvTranspose = (
  x: Tensor,
  weight: Tensor,
  bias?: Tensor | null,
  options?: ConvTransposeFunctionalOptions,
) => Tensor
/** Convolution over one dimension. Shapes: `x (N, C, L)` or `(C, L)`, `weight (out, C / groups, k)`, `bias (out)` → `(N, out, L')`. */
export declare const conv1d: Conv
/** Convolution over two dimensions. Shapes: `x (N, C, H, W)` or `(C, H, W)`, `weight (out, C / groups, kH, kW)`, `bias (out)`. */
export declare const conv2d: Conv
/** Convolution over three dimensions. Shapes: `x (N, C, D, H, W)` or `(C, D, H, W)`, `weight (out, C / groups, kD, kH, kW)`. */
export declare const conv3d: Conv
/** Transposed convolution over one dimension. Shapes: `x (N, C, L)` or `(C, L)`, `weight (C, out / groups, k)`, `bias (out)`. */
export declare const convTranspose1d: ConvTranspose
/** Transposed convolution over two dimensions. Shapes: `x (N, C, H, W)` or `(C, H, W)`, `weight (C, out / groups, kH, kW)`. */
export declare const convTranspose2d: ConvTranspose
/** Transposed convolution over three dimensions. Shapes: `x (N, C, D, H, W)`, `weight (C, out / groups, kD, kH, kW)`. */
export declare const convTranspose3d: ConvTranspose
/**
 * Pads the last dimensions; `padding` holds two numbers for each, the last dimension first, as in PyTorch: `[left, right, top, bottom]`.
 * Negative numbers crop (mode `'constant'`). Any dtype, any number of dimensions.
 *
 * @param mode `'constant'` fills with `value`, `'reflect'` mirrors the input without repeating its border, `'replicate'` repeats the border,
 * `'circular'` wraps around to the other end.
 * @example
 * nn.functional.pad(ids, [0, 3], 'constant', 50256)   // (B, T) → (B, T + 3)
 * @throws {ShapeError} for more padding than the mode allows.
 * @nan value
 */
export declare function pad(
  x: Tensor,
  padding: readonly number[],
  mode?: 'constant' | 'reflect' | 'replicate' | 'circular',
  value?: number,
): Tensor
export {}
