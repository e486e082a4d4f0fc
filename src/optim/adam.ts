import * as ops from '../generated/ops.js'
import { bad, checkBoolean, checkKeys, checkNumber } from '../runtime/options.js'
import type { Tensor } from '../tensor/tensor.js'
import { Optimizer } from './optimizer.js'
import type { Batch, ParamGroup, Params } from './optimizer.js'

/** Options of {@link Adam}. */
export interface AdamOptions {
  /** Learning rate. @default 0.001 */
  lr?: number
  /** Decay of the first and second moment, each in [0, 1). @default [0.9, 0.999] */
  betas?: readonly [number, number]
  /** Added to the root of the second moment, against division by 0. @default 1e-8 */
  eps?: number
  /** Factor on the parameter that is added to its gradient (L2 penalty). @default 0 */
  weightDecay?: number
  /** Divide by the largest second moment so far. @default false */
  amsgrad?: boolean
  /** Go up the gradient. @default false */
  maximize?: boolean
}

const KEYS = ['lr', 'initialLr', 'betas', 'eps', 'weightDecay', 'amsgrad', 'maximize']

/**
 * Adam (Kingma and Ba 2015) with an L2 penalty in the gradient, as PyTorch computes it; for decoupled weight decay use `AdamW`.
 *
 * `g ← g + wd·p;  m ← β₁m + (1−β₁)g;  v ← β₂v + (1−β₂)g²;  p ← p − lr · (m / (1−β₁ᵗ)) / (√(v / (1−β₂ᵗ)) + eps)`
 * @throws {OptionError} for options out of range and for an empty list of parameters.
 * @see torch `Adam`: same defaults, same state-dict structure.
 */
export class Adam extends Optimizer<Required<AdamOptions>> {
  constructor(params: Params<AdamOptions>, options: AdamOptions = {}) {
    super('optim.Adam', params as Params<Required<AdamOptions>>, {
      lr: 1e-3,
      betas: [0.9, 0.999],
      eps: 1e-8,
      weightDecay: 0,
      amsgrad: false,
      maximize: false,
      ...options,
    })
  }

  protected override check(options: Required<AdamOptions>): Required<AdamOptions> {
    return checkAdam(this.owner, options)
  }

  protected override update(batch: Batch, group: ParamGroup & Required<AdamOptions>): void {
    stepAdam(batch, group, (name) => this.moments(batch, name), false)
  }
}

/** The options that Adam and AdamW share. */
export function checkAdam(owner: string, options: Required<AdamOptions>): Required<AdamOptions> {
  checkKeys(owner, options, KEYS)
  checkNumber(owner, 'lr', options.lr, 0)
  checkBetas(owner, options.betas)
  checkNumber(owner, 'eps', options.eps, 0)
  checkNumber(owner, 'weightDecay', options.weightDecay, 0)
  checkBoolean(owner, 'amsgrad', options.amsgrad)
  checkBoolean(owner, 'maximize', options.maximize)
  return options
}

/** Two decay rates in [0, 1). */
export function checkBetas(owner: string, betas: readonly [number, number]): void {
  const fine = Array.isArray(betas) && betas.length === 2 && betas.every((beta) => beta >= 0 && beta < 1)
  if (!fine) throw bad(owner, 'betas', 'two numbers from 0 to below 1', betas)
}

/** Records one update of Adam (`decoupled: false`) or AdamW. */
export function stepAdam(
  batch: Batch,
  group: ParamGroup & Required<AdamOptions>,
  moments: (name: string) => Tensor[],
  decoupled: boolean,
): void {
  const [beta1, beta2] = group.betas
  const { lr, eps, weightDecay, maximize } = group
  const m = moments('exp_avg')
  const v = moments('exp_avg_sq')
  const vMax = group.amsgrad ? moments('max_exp_avg_sq') : []
  const { params, grads, step } = batch
  ops.adamwStep(params, grads, m, v, vMax, lr, beta1, beta2, eps, weightDecay, step, decoupled, maximize)
}
