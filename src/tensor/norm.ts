import { OptionError } from '../errors.js'
import * as ops from '../generated/ops.js'
import type { Tensor } from './tensor.js'

/** `(Σ |x|^p)^(1/p)` over dimensions; an empty list means all. Powers are taken where the base is not 0: their slope at 0 may be infinite. */
export function vectorNorm(x: Tensor, p: number | 'fro', dims: readonly number[], keepdim: boolean): Tensor {
  const power = p === 'fro' ? 2 : p
  if (typeof power !== 'number' || Number.isNaN(power)) throw noSuchNorm(p)
  if (power === Infinity) return ops.amax(x.abs(), dims, keepdim)
  if (power === -Infinity) return ops.amin(x.abs(), dims, keepdim)
  if (power === 1) return ops.sum(x.abs(), dims, keepdim)
  if (power === 2) return safePower(ops.sum(x.square(), dims, keepdim), 0.5)
  if (power === 0) return ops.sum(x.abs().maskedFill(x.ne(0), 1), dims, keepdim)
  const powers = power < 0 ? x.abs().pow(power) : safePower(x.abs(), power)
  const sum = ops.sum(powers, dims, keepdim)
  return power < 0 ? sum.pow(1 / power) : safePower(sum, 1 / power)
}

/** `base^power`, with value and gradient 0 where the base is 0. */
function safePower(base: Tensor, power: number): Tensor {
  const zero = base.eq(0)
  return base.maskedFill(zero, 1).pow(power).maskedFill(zero, 0)
}

function noSuchNorm(p: unknown): OptionError {
  return new OptionError({
    what: 'norm: no such norm',
    expected: "a number, Infinity, -Infinity or 'fro'",
    received: String(p),
    fix: 'leave it out for the Euclidean norm',
  })
}
