// Generated from src/optim/adam.ts by `npm run api`. Do not edit.

import { Optimizer } from './optimizer.js'
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
/**
 * Adam (Kingma and Ba 2015) with an L2 penalty added to the gradient, as PyTorch computes it; with `decoupledWeightDecay` it is `AdamW`.
 *
 * `g ← g + wd·p;  m ← β₁m + (1−β₁)g;  v ← β₂v + (1−β₂)g²;  p ← p − lr · (m / (1−β₁ᵗ)) / (√(v / (1−β₂ᵗ)) + eps)`
 * @throws {OptionError} for options out of range and for an empty list of parameters.
 * @see torch `Adam`: same defaults, same state-dict structure.
 */
export declare class Adam extends Optimizer<Required<AdamOptions>> {
  constructor(params: Params<AdamOptions>, options?: AdamOptions)
  protected check(options: Required<AdamOptions>): Required<AdamOptions>
  protected update(batches: readonly Batch<Required<AdamOptions>>[]): void
}
