import { schemas } from '../runtime/tables.js'
import * as ops from '../generated/ops.js'
import type { AdamOptions } from './adam.js'
import { Optimizer, checkGroup, gradsOf, paramsOf, withDefaults } from './optimizer.js'
import type { Batch, Params } from './optimizer.js'

/** Options of {@link NlgAdamW}. */
export interface NlgAdamWOptions extends Pick<AdamOptions, 'lr'> {
  /** Decay rates of the first and second moment, each in [0, 1). @minimum 0 @exclusiveMaximum 1 @default [0.9, 0.98] */
  betas?: readonly [number, number]
  /** Added to the square root of the second moment, before any bias correction. @minimum 0 @default 1e-6 */
  eps?: number
  /** Decoupled weight decay: this share of the parameter, times `lr`, is subtracted after each update. @minimum 0 @default 0 */
  weightDecay?: number
  /** Correct the bias of moments that start at 0, by scaling the step. @default true */
  correctBias?: boolean
}

const DEFAULTS: Required<NlgAdamWOptions> = {
  lr: 1e-3,
  betas: [0.9, 0.98],
  eps: 1e-6,
  weightDecay: 0,
  correctBias: true,
}

/**
 * The AdamW of the LoRA paper's NLG example. Unlike {@link AdamW}, it adds `eps` before the bias correction and applies the weight decay last:
 *
 * `m ← β₁m + (1−β₁)g;  v ← β₂v + (1−β₂)g²;  s = lr · √(1−β₂ᵗ) / (1−β₁ᵗ)` (`s = lr` without `correctBias`)`;`
 * `p ← p − s · m / (√v + eps);  p ← p − lr·wd·p`
 *
 * @throws {OptionError} for options out of range and for an empty list of parameters.
 * @see microsoft/LoRA `examples/NLG/src/optimizer.py`
 */
export class NlgAdamW extends Optimizer<Required<NlgAdamWOptions>> {
  constructor(params: Params<NlgAdamWOptions>, options: NlgAdamWOptions = {}) {
    super('optim.NlgAdamW', params as Params<Required<NlgAdamWOptions>>, withDefaults(DEFAULTS, options))
  }

  protected override check(options: Required<NlgAdamWOptions>): Required<NlgAdamWOptions> {
    checkGroup(this.owner, options, schemas.NlgAdamWOptions)
    return options
  }

  protected override update(batches: readonly Batch<Required<NlgAdamWOptions>>[]): void {
    const m = batches.flatMap((batch) => this.moments(batch, 'exp_avg'))
    const v = batches.flatMap((batch) => this.moments(batch, 'exp_avg_sq'))
    const groups = batches.flatMap(({ params, group, step }) => {
      const { lr, betas, eps, weightDecay, correctBias } = group
      return [params.length, lr, ...betas, eps, weightDecay, step, +correctBias]
    })
    ops.nlgAdamwStep(paramsOf(batches), gradsOf(batches), m, v, groups)
  }
}
