// Generated from src/optim/nlg-adamw.ts by `npm run api`. Do not edit.

import type { AdamOptions } from './adam.js'
import { Optimizer } from './optimizer.js'
import type { Batch, ParamGroup, Params } from './optimizer.js'
/** Options of {@link NlgAdamW}. */
export interface NlgAdamWOptions extends Pick<AdamOptions, 'lr'> {
  /** Decay of the first and second moment. @minimum 0 @exclusiveMaximum 1 @default [0.9, 0.98] */
  betas?: readonly [number, number]
  /** Added to the root of the second moment, which is not corrected first. @minimum 0 @default 1e-6 */
  eps?: number
  /** Share of a parameter taken off after each update, times `lr`. @minimum 0 @default 0 */
  weightDecay?: number
  /** Correct the moments for their start at 0, through the size of the step. @default true */
  correctBias?: boolean
}
/**
 * The AdamW of the paper's NLG example. It differs from {@link AdamW} in where `eps` stands and in taking the weight decay last:
 *
 * `m ← β₁m + (1−β₁)g;  v ← β₂v + (1−β₂)g²;  s = lr · √(1−β₂ᵗ) / (1−β₁ᵗ)` (`s = lr` without `correctBias`)`;`
 * `p ← p − s · m / (√v + eps);  p ← p − lr·wd·p`
 *
 * @throws {OptionError} for options out of range and for an empty list of parameters.
 * @see microsoft/LoRA `examples/NLG/src/optimizer.py`
 */
export declare class NlgAdamW extends Optimizer<Required<NlgAdamWOptions>> {
  constructor(params: Params<NlgAdamWOptions>, options?: NlgAdamWOptions)
  protected check(options: Required<NlgAdamWOptions>): Required<NlgAdamWOptions>
  protected update(batch: Batch, group: ParamGroup & Required<NlgAdamWOptions>): void
}
