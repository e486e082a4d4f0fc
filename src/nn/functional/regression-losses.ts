// Regression losses. All take the prediction first and a target of the same shape second.
import { checkOptions } from '../../runtime/check-options.js'
import { schemas } from '../../runtime/tables.js'
import type { Tensor } from '../../tensor/tensor.js'
import { reduce, sameShape } from './losses.js'
import type { ReductionOptions } from './losses.js'

/** Options of {@link l1Loss}. */
export type L1LossOptions = ReductionOptions

/** Options of {@link smoothL1Loss}. */
export interface SmoothL1LossOptions extends ReductionOptions {
  /** The difference at which the loss changes from quadratic to linear; with 0 it is {@link l1Loss}. @minimum 0 @default 1 */
  beta?: number
}

/** Options of {@link huberLoss}. */
export interface HuberLossOptions extends ReductionOptions {
  /** The difference at which the loss changes from quadratic to linear. @exclusiveMinimum 0 @default 1 */
  delta?: number
}

/**
 * `|input − target|`.
 *
 * @throws {ShapeError} when the shapes differ.
 */
export function l1Loss(input: Tensor, target: Tensor, options: L1LossOptions = {}): Tensor {
  const owner = 'nn.functional.l1Loss'
  checkOptions(owner, options, schemas.L1LossOptions)
  sameShape(owner, input, target)
  return reduce(input.sub(target).abs(), options.reduction)
}

/**
 * With `d = |input − target|`: `d² / (2 · beta)` below `beta`, `d − beta / 2` above.
 *
 * @throws {ShapeError} when the shapes differ; {@link OptionError} for a negative `beta`.
 */
export function smoothL1Loss(input: Tensor, target: Tensor, options: SmoothL1LossOptions = {}): Tensor {
  const owner = 'nn.functional.smoothL1Loss'
  checkOptions(owner, options, schemas.SmoothL1LossOptions)
  const beta = options.beta ?? 1
  sameShape(owner, input, target)
  const distance = input.sub(target).abs()
  return reduce(beta === 0 ? distance : parabola(distance, beta).mul(1 / beta), options.reduction)
}

/**
 * With `d = |input − target|`: `d² / 2` up to `delta`, `delta · (d − delta / 2)` above (Huber 1964).
 *
 * @throws {ShapeError} when the shapes differ; {@link OptionError} when `delta` is not above 0.
 */
export function huberLoss(input: Tensor, target: Tensor, options: HuberLossOptions = {}): Tensor {
  const owner = 'nn.functional.huberLoss'
  checkOptions(owner, options, schemas.HuberLossOptions)
  const delta = options.delta ?? 1
  sameShape(owner, input, target)
  return reduce(parabola(input.sub(target).abs(), delta), options.reduction)
}

// c (d − c/2) with c = min(d, width): d²/2 below `width`, and a straight line of slope `width` above.
function parabola(distance: Tensor, width: number): Tensor {
  const clamped = distance.clampMax(width)
  return clamped.mul(distance.sub(clamped.mul(0.5)))
}
