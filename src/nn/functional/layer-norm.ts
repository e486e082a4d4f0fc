// Normalization over the last dimensions.
import { ShapeError } from '../../errors.js'
import * as ops from '../../generated/ops.js'
import { show } from '../../runtime/options.js'
import type { Tensor } from '../../tensor/tensor.js'

/**
 * `y = (x − mean) / √(var + eps) · weight + bias`, with mean and variance (1/n) over the last dimensions, those of `normalizedShape`.
 *
 * Shapes: `x (..., *normalizedShape)`, `weight` and `bias` `normalizedShape`.
 */
export function layerNorm(
  x: Tensor,
  normalizedShape: number | readonly number[],
  weight: Tensor | null = null,
  bias: Tensor | null = null,
  eps = 1e-5,
): Tensor {
  return overLast('nn.functional.layerNorm', x, normalizedShape, (flat, width) =>
    ops.layerNorm(flat, flatten(weight, width), flatten(bias, width), eps),
  )
}

/**
 * `y = x / √(mean(x²) + eps) · weight`, with the mean over the last dimensions, those of `normalizedShape` (Zhang and Sennrich 2019).
 */
export function rmsNorm(
  x: Tensor,
  normalizedShape: number | readonly number[],
  weight: Tensor | null = null,
  eps = 1e-6,
): Tensor {
  return overLast('nn.functional.rmsNorm', x, normalizedShape, (flat, width) =>
    ops.rmsNorm(flat, flatten(weight, width), eps),
  )
}

// The engine normalizes over the last dimension; several normalized dimensions are flattened into one first.
function overLast(
  owner: string,
  x: Tensor,
  normalizedShape: number | readonly number[],
  norm: (flat: Tensor, width: number) => Tensor,
): Tensor {
  const dims = typeof normalizedShape === 'number' ? [normalizedShape] : [...normalizedShape]
  const lead = x.shape.slice(0, x.ndim - dims.length)
  const width = dims.reduce((product, n) => product * n, 1)
  if (dims.length === 0 || x.ndim < dims.length || dims.some((n, i) => n !== x.shape[lead.length + i])) {
    throw new ShapeError({
      what: `${owner}: the last dimensions of x do not equal normalizedShape`,
      expected: `x (..., ${dims.join(', ')})`,
      received: `x ${show(x)}`,
      fix: 'give the sizes of the last dimensions of x as normalizedShape',
    })
  }
  if (dims.length === 1) return norm(x, width)
  return norm(x.reshape([...lead, width]), width).reshape(x.shape)
}

function flatten(weight: Tensor | null, width: number): Tensor | null {
  return weight === null || weight.ndim === 1 ? weight : weight.reshape([width])
}
