import * as ops from '../generated/ops.js'
import { checkOptions } from '../runtime/check-options.js'
import { checkNumber } from '../runtime/options.js'
import { schemas } from '../runtime/tables.js'
import { noGrad, scope } from '../tensor/scope.js'
import { stack, tensor } from '../tensor/make.js'
import { Tensor } from '../tensor/tensor.js'
import { withGrads } from './grads.js'

/** Options of {@link clipGradNorm}. */
export interface ClipGradNormOptions {
  /** The p of the p-norm; Infinity takes the largest absolute element. @exclusiveMinimum 0 @infinity @default 2 */
  normType?: number
}

/**
 * Scales all gradients together so that their norm, taken over all elements, is at most `maxNorm`: `g ← g · min(1, maxNorm / (norm + 1e-6))`.
 *
 * The call only records and does not wait for the result. Parameters without a gradient are skipped.
 * @example
 * const norm = optim.clipGradNorm(model.parameters(), 1)
 * await optimizer.step()
 * console.log(await norm.item())
 * @returns the norm before clipping, a 0-dimensional tensor.
 * @throws {OptionError} when `maxNorm` is negative or `normType` is not above 0.
 * @see torch `clip_grad_norm_`
 */
export function clipGradNorm(
  params: Tensor | Iterable<Tensor>,
  maxNorm: number,
  options: ClipGradNormOptions = {},
): Tensor {
  checkOptions('optim.clipGradNorm', options, schemas.ClipGradNormOptions)
  if (maxNorm !== Infinity) checkNumber('optim.clipGradNorm', 'maxNorm', maxNorm, 0)
  const { normType = 2 } = options
  return withGrads(paramList(params), (grads) => {
    if (grads.length === 0) return tensor(0)
    return noGrad(() => {
      const norm = totalNorm(grads, normType)
      ops.clipScale(grads, norm, maxNorm)
      return norm
    })
  })
}

/**
 * Clamps each element of each gradient to [−value, value].
 * @throws {OptionError} when `value` is negative.
 * @see torch `clip_grad_value_`
 */
export function clipGradValue(params: Tensor | Iterable<Tensor>, value: number): void {
  checkNumber('optim.clipGradValue', 'value', value, 0)
  withGrads(paramList(params), (grads) => {
    if (grads.length > 0) noGrad(() => ops.clipValue(grads, value))
  })
}

function totalNorm(grads: Tensor[], p: number): Tensor {
  if (p === 2) return ops.globalNorm(grads)
  return scope(() => {
    const powers = grads.map((grad) => (p === Infinity ? grad.abs().max() : grad.abs().pow(p).sum()))
    return p === Infinity
      ? stack(powers).max()
      : stack(powers)
          .sum()
          .pow(1 / p)
  })
}

function paramList(params: Tensor | Iterable<Tensor>): Iterable<Tensor> {
  return params instanceof Tensor ? [params] : params
}
