import { schemas } from '../runtime/tables.js'
import { stepAdam } from './adam.js'
import type { AdamOptions } from './adam.js'
import { Optimizer, checkGroup, withDefaults } from './optimizer.js'
import type { Batch, Params } from './optimizer.js'

/** Options of {@link AdamW}. */
export interface AdamWOptions extends Omit<AdamOptions, 'decoupledWeightDecay'> {
  /** Decoupled weight decay: each update subtracts this share of the parameter, times `lr`. @minimum 0 @default 0.01 */
  weightDecay?: number
}

const DEFAULTS: Required<AdamWOptions> = {
  lr: 1e-3,
  betas: [0.9, 0.999],
  eps: 1e-8,
  weightDecay: 0.01,
  amsgrad: false,
  maximize: false,
}

/**
 * Adam with decoupled weight decay (Loshchilov and Hutter 2019), as PyTorch computes it:
 *
 * `p ← p − lr·wd·p;  m ← β₁m + (1−β₁)g;  v ← β₂v + (1−β₂)g²;  p ← p − lr · (m / (1−β₁ᵗ)) / (√(v / (1−β₂ᵗ)) + eps)`
 *
 * @example
 * const optimizer = new optim.AdamW(model.parameters(), { lr: 2e-4, weightDecay: 0.01 })
 * loss.backward()
 * await optimizer.step()
 * optimizer.zeroGrad()
 * @throws {OptionError} for options out of range and for an empty list of parameters.
 * @see torch `AdamW`: same defaults, same state-dict structure.
 */
export class AdamW extends Optimizer<Required<AdamWOptions>> {
  constructor(params: Params<AdamWOptions>, options: AdamWOptions = {}) {
    super('optim.AdamW', params as Params<Required<AdamWOptions>>, withDefaults(DEFAULTS, options))
  }

  protected override check(options: Required<AdamWOptions>): Required<AdamWOptions> {
    checkGroup(this.owner, options, schemas.AdamWOptions)
    return options
  }

  protected override update(batches: readonly Batch<Required<AdamWOptions>>[]): void {
    stepAdam(
      batches,
      (batch, name) => this.moments(batch, name),
      () => true,
    )
  }
}
