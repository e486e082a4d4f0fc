// Losses between numbers: all take the prediction first and a target of its shape second.
import type { Tensor } from '../../tensor/tensor.js'
import { reduce, sameShape } from './losses.js'
import type { Reduction } from './losses.js'
import { checkKeys, checkNumber } from '../../runtime/options.js'

/** Options of {@link l1Loss}. */
export interface L1LossOptions {
  /** @default 'mean' */
  reduction?: Reduction
}

/** Options of {@link smoothL1Loss}. */
export interface SmoothL1LossOptions {
  /** The difference from which the loss is a straight line; 0 makes it {@link l1Loss}. @default 1 */
  beta?: number
  /** @default 'mean' */
  reduction?: Reduction
}

/** Options of {@link huberLoss}. */
export interface HuberLossOptions {
  /** The difference from which the loss is a straight line. @default 1 */
  delta?: number
  /** @default 'mean' */
  reduction?: Reduction
}

/**
 * `|input − target|`.
 *
 * @throws {ShapeError} when the shapes differ.
 */
export function l1Loss(input: Tensor, target: Tensor, options: L1LossOptions = {}): Tensor {
  const owner = 'nn.functional.l1Loss'
  checkKeys(owner, options, ['reduction'])
  sameShape(owner, input, target)
  return reduce(owner, input.sub(target).abs(), options.reduction)
}

/**
 * With `d = |input − target|`: `d² / (2 · beta)` below `beta`, `d − beta / 2` above.
 *
 * @throws {ShapeError} when the shapes differ; {@link OptionError} for a negative `beta`.
 */
export function smoothL1Loss(input: Tensor, target: Tensor, options: SmoothL1LossOptions = {}): Tensor {
  const owner = 'nn.functional.smoothL1Loss'
  checkKeys(owner, options, ['beta', 'reduction'])
  const beta = checkNumber(owner, 'beta', options.beta ?? 1, 0)
  sameShape(owner, input, target)
  const distance = input.sub(target).abs()
  return reduce(owner, beta === 0 ? distance : parabola(distance, beta).mul(1 / beta), options.reduction)
}

/**
 * With `d = |input − target|`: `d² / 2` up to `delta`, `delta · (d − delta / 2)` above (Huber 1964).
 *
 * @throws {ShapeError} when the shapes differ; {@link OptionError} when `delta` is not above 0.
 */
export function huberLoss(input: Tensor, target: Tensor, options: HuberLossOptions = {}): Tensor {
  const owner = 'nn.functional.huberLoss'
  checkKeys(owner, options, ['delta', 'reduction'])
  const delta = checkNumber(owner, 'delta', options.delta ?? 1, 0, true)
  sameShape(owner, input, target)
  return reduce(owner, parabola(input.sub(target).abs(), delta), options.reduction)
}

// c (d − c/2) with c = min(d, width): d²/2, and a straight line of slope `width` from there on.
function parabola(distance: Tensor, width: number): Tensor {
  const held = distance.clampMax(width)
  return held.mul(distance.sub(held.mul(0.5)))
}
