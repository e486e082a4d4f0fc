// Shared by layers over spatial dimensions: options per dimension, and inputs without a batch.
import { ShapeError } from '../../errors.js'
import type { Tensor } from '../../tensor/tensor.js'
import { bad, checkInteger, show } from '../../runtime/options.js'

/** One number for all spatial dimensions, or one for each. */
export type PerDimension = number | readonly number[]

/** Names of the spatial dimensions, by the number of them. */
export const SPATIAL = ['', 'L', 'H, W', 'D, H, W'] as const

/** Expands an option to one integer of at least `min` for each of `dims` dimensions. */
export function perDimension(owner: string, name: string, value: unknown, dims: number, min: number): number[] {
  if (!Array.isArray(value)) return Array.from({ length: dims }, () => checkInteger(owner, name, value, min))
  if (value.length !== dims || !value.every((n) => Number.isInteger(n) && n >= min)) {
    const many = dims === 1 ? 'an integer' : `an integer, or a list of ${dims}`
    throw bad(owner, name, `${many}, each ${min} or more`, value)
  }
  return [...(value as number[])]
}

/** `x` as (N, C, *spatial), and a function that removes an added batch dimension from a result. An `x` (C, *spatial) has no batch. */
export function toBatch(owner: string, x: Tensor, dims: number): [batch: Tensor, undo: (y: Tensor) => Tensor] {
  if (x.ndim === dims + 2) return [x, (y) => y]
  if (x.ndim === dims + 1) return [x.unsqueeze(0), (y) => y.squeeze(0)]
  throw new ShapeError({
    what: `${owner}: the input has the wrong number of dimensions`,
    expected: `x (N, C, ${SPATIAL[dims]}), or (C, ${SPATIAL[dims]}) for one without a batch`,
    received: `x ${show(x)}`,
    fix: 'channels come before the spatial dimensions; add a missing dimension with unsqueeze',
  })
}

/** Runs `f` on a batch: an input without a batch dimension gets one of size 1, which is removed from the result. */
export function batched(owner: string, x: Tensor, dims: number, f: (batch: Tensor) => Tensor): Tensor {
  const [batch, undo] = toBatch(owner, x, dims)
  return undo(f(batch))
}

/** Reshapes one number per channel to broadcast against `x` (N, C, ...). */
export function perChannel(values: Tensor, x: Tensor): Tensor {
  return values.reshape([values.numel, ...new Array<number>(x.ndim - 2).fill(1)])
}
