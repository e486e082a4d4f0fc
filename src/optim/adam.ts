import { schemas } from '../runtime/tables.js'
import * as ops from '../generated/ops.js'
import type { Tensor } from '../tensor/tensor.js'
import { Optimizer, checkGroup, gradsOf, paramsOf, withDefaults } from './optimizer.js'
import type { Batch, Params } from './optimizer.js'

/** Options of {@link Adam}. */
export interface AdamOptions {
  /** Learning rate. @minimum 0 @default 0.001 */
  lr?: number
  /** Decay rates of the first and second moment, each in [0, 1). @minimum 0 @exclusiveMaximum 1 @default [0.9, 0.999] */
  betas?: readonly [number, number]
  /** Added to the square root of the second moment, to avoid division by 0. @minimum 0 @default 1e-8 */
  eps?: number
  /** L2 penalty: this factor times the parameter is added to its gradient. @minimum 0 @default 0 */
  weightDecay?: number
  /** Use the AMSGrad variant: divide by the largest second moment so far. @default false */
  amsgrad?: boolean
  /** Maximize the objective instead of minimizing it. @default false */
  maximize?: boolean
  /** Apply `weightDecay` as `AdamW` does: each update subtracts this share of the parameter, times `lr`, in place of the L2 penalty. @default false */
  decoupledWeightDecay?: boolean
}

const DEFAULTS: Required<AdamOptions> = {
  lr: 1e-3,
  betas: [0.9, 0.999],
  eps: 1e-8,
  weightDecay: 0,
  amsgrad: false,
  maximize: false,
  decoupledWeightDecay: false,
}

/**
 * Adam (Kingma and Ba 2015) with an L2 penalty added to the gradient, as PyTorch computes it; with `decoupledWeightDecay` it is `AdamW`.
 *
 * `g ← g + wd·p;  m ← β₁m + (1−β₁)g;  v ← β₂v + (1−β₂)g²;  p ← p − lr · (m / (1−β₁ᵗ)) / (√(v / (1−β₂ᵗ)) + eps)`
 * @throws {OptionError} for options out of range and for an empty list of parameters.
 * @see torch `Adam`: same defaults, same state-dict structure.
 */
export class Adam extends Optimizer<Required<AdamOptions>> {
  constructor(params: Params<AdamOptions>, options: AdamOptions = {}) {
    super('optim.Adam', params as Params<Required<AdamOptions>>, withDefaults(DEFAULTS, options))
  }

  protected override check(options: Required<AdamOptions>): Required<AdamOptions> {
    checkGroup(this.owner, options, schemas.AdamOptions)
    return options
  }

  protected override update(batches: readonly Batch<Required<AdamOptions>>[]): void {
    stepAdam(
      batches,
      (batch, name) => this.moments(batch, name),
      (group) => group.decoupledWeightDecay,
    )
  }
}

/** Records one update of Adam, with weight decay as L2 penalty or, as in AdamW, decoupled. */
export function stepAdam<Options extends Omit<Required<AdamOptions>, 'decoupledWeightDecay'>>(
  batches: readonly Batch<Options>[],
  moments: (batch: Batch<Options>, name: string) => Tensor[],
  isDecoupled: (group: Options) => boolean,
): void {
  const all = (name: string, of = batches) => of.flatMap((batch) => moments(batch, name))
  const [m, v] = [all('exp_avg'), all('exp_avg_sq')]
  const vMax = all('max_exp_avg_sq', batches.filter(({ group }) => group.amsgrad)) // prettier-ignore
  const groups = batches.flatMap(({ params, group, step }) => {
    const { lr, betas, eps, weightDecay, amsgrad, maximize } = group
    return [params.length, lr, ...betas, eps, weightDecay, step, +isDecoupled(group), +maximize, +amsgrad]
  })
  ops.adamwStep(paramsOf(batches), gradsOf(batches), m, v, vMax, groups)
}
