// Generated from src/optim/sgd.ts by `npm run api`. Do not edit.

import type { AdamOptions } from './adam.js'
import { Optimizer } from './optimizer.js'
import type { Batch, Params } from './optimizer.js'
/** Options of {@link SGD}. */
export interface SGDOptions extends Pick<AdamOptions, 'lr' | 'weightDecay' | 'maximize'> {
  /** Momentum factor: the share of the previous step that is kept. @minimum 0 @default 0 */
  momentum?: number
  /** Dampening: the share of the gradient that is left out of the momentum. @default 0 */
  dampening?: number
  /** Use Nesterov momentum; needs `momentum` and no `dampening`. @default false */
  nesterov?: boolean
}
/**
 * Stochastic gradient descent with momentum, as PyTorch computes it:
 *
 * `g ← g + wd·p;  b ← momentum·b + (1−dampening)·g` (the first time `b ← g`)`;  p ← p − lr·b`; with `nesterov`, `p ← p − lr·(g + momentum·b)`.
 * @throws {OptionError} for options out of range, and for `nesterov` without momentum or with dampening.
 * @see torch `SGD`: same defaults, same state-dict structure.
 */
export declare class SGD extends Optimizer<Required<SGDOptions>> {
  constructor(params: Params<SGDOptions>, options?: SGDOptions)
  protected check(options: Required<SGDOptions>): Required<SGDOptions>
  protected update(batches: readonly Batch<Required<SGDOptions>>[]): void
}
