// Convolutions and padding as functions.
import * as ops from '../../generated/ops.js'
import type { Tensor } from '../../tensor/tensor.js'
import { convGeometry, convolve } from './conv-geometry.js'
import type { ConvFunctionalOptions } from './conv-geometry.js'
import { spread, transposeGeometry } from './conv-transpose.js'
import type { ConvTransposeFunctionalOptions } from './conv-transpose.js'
import { checkOptions } from '../../runtime/check-options.js'
import { bad, checkChoice } from '../../runtime/options.js'
import { schemas } from '../../runtime/tables.js'

type Conv = (x: Tensor, weight: Tensor, bias?: Tensor | null, options?: ConvFunctionalOptions) => Tensor
type ConvTranspose = (
  x: Tensor,
  weight: Tensor,
  bias?: Tensor | null,
  options?: ConvTransposeFunctionalOptions,
) => Tensor

function conv(dims: number): Conv {
  const owner = `nn.functional.conv${dims}d`
  return (x, weight, bias = null, options = {}) => {
    checkOptions(owner, options, schemas.ConvFunctionalOptions)
    return convolve(owner, x, weight, bias, convGeometry(owner, dims, kernelOf(owner, weight, dims), options))
  }
}

function convTranspose(dims: number): ConvTranspose {
  const owner = `nn.functional.convTranspose${dims}d`
  return (x, weight, bias = null, options = {}) => {
    checkOptions(owner, options, schemas.ConvTransposeFunctionalOptions)
    return spread(owner, x, weight, bias, transposeGeometry(owner, dims, kernelOf(owner, weight, dims), options))
  }
}

function kernelOf(owner: string, weight: Tensor, dims: number): number[] {
  if (weight.ndim === dims + 2) return weight.shape.slice(2)
  throw bad(owner, 'weight', `a tensor of ${dims + 2} dimensions`, weight)
}

/** Convolution over one dimension. Shapes: `x (N, C, L)` or `(C, L)`, `weight (out, C / groups, k)`, `bias (out)` → `(N, out, L')`. */
export const conv1d: Conv = conv(1)

/** Convolution over two dimensions. Shapes: `x (N, C, H, W)` or `(C, H, W)`, `weight (out, C / groups, kH, kW)`, `bias (out)`. */
export const conv2d: Conv = conv(2)

/** Convolution over three dimensions. Shapes: `x (N, C, D, H, W)` or `(C, D, H, W)`, `weight (out, C / groups, kD, kH, kW)`. */
export const conv3d: Conv = conv(3)

/** Transposed convolution over one dimension. Shapes: `x (N, C, L)` or `(C, L)`, `weight (C, out / groups, k)`, `bias (out)`. */
export const convTranspose1d: ConvTranspose = convTranspose(1)

/** Transposed convolution over two dimensions. Shapes: `x (N, C, H, W)` or `(C, H, W)`, `weight (C, out / groups, kH, kW)`. */
export const convTranspose2d: ConvTranspose = convTranspose(2)

/** Transposed convolution over three dimensions. Shapes: `x (N, C, D, H, W)`, `weight (C, out / groups, kD, kH, kW)`. */
export const convTranspose3d: ConvTranspose = convTranspose(3)

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
export function pad(
  x: Tensor,
  padding: readonly number[],
  mode: 'constant' | 'reflect' | 'replicate' | 'circular' = 'constant',
  value = 0,
): Tensor {
  const owner = 'nn.functional.pad'
  const modes = ['constant', 'reflect', 'replicate', 'circular'] as const
  const code = modes.indexOf(checkChoice(owner, 'mode', mode, modes))
  const fine = Array.isArray(padding) && padding.length % 2 === 0 && padding.length <= 2 * x.ndim
  if (!fine || !padding.every(Number.isInteger)) {
    throw bad(owner, 'padding', `two integers for each of at most ${x.ndim} dimensions, the last first`, padding)
  }
  const pairs = Array.from({ length: x.ndim }, (_, i) => [padding[2 * i] ?? 0, padding[2 * i + 1] ?? 0])
  return ops.pad(x, pairs.toReversed().flat(), code, value)
}
