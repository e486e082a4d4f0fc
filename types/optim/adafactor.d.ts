// Generated from src/optim/adafactor.ts by `npm run api`. Do not edit.

import type { Tensor } from '../tensor/tensor.js'
import { Optimizer } from './optimizer.js'
import type { Batch, Params } from './optimizer.js'
/** Options of {@link Adafactor}. */
export interface AdafactorOptions {
  /** Learning rate; used only with `relativeStep: false`. @minimum 0 @default none: the step is relative */
  lr?: number
  /** Two constants: the first is added to the squared gradient, the second is the smallest scale of a parameter. @minimum 0 @default [1e-30, 1e-3] */
  eps?: readonly [number, number]
  /** Upper bound on the root mean square of an update. @exclusiveMinimum 0 @default 1 */
  clipThreshold?: number
  /** Decay of the second moment: `β₂ = 1 − stepᵈ`. @maximum 0 @default -0.8 */
  decayRate?: number
  /** Decay of the first moment; with null none is kept, which saves its memory. @minimum 0 @exclusiveMaximum 1 @default null */
  beta1?: number | null
  /** Decoupled weight decay: each update subtracts this share of the parameter, times its learning rate. @minimum 0 @default 0 */
  weightDecay?: number
  /** Multiply the learning rate by the root mean square of the parameter. @default true */
  scaleParameter?: boolean
  /** Learning rate `min(0.01, 1/√step)` instead of `lr`. @default true */
  relativeStep?: boolean
  /** With `relativeStep`: `min(10⁻⁶ · step, 1/√step)`. @default false */
  warmupInit?: boolean
}
type All = Required<AdafactorOptions>
/**
 * Adafactor (Shazeer and Stern 2018): the second moment of a matrix is stored as the means of its rows and columns, n + m numbers instead of n · m.
 * This is the optimizer of Hugging Face transformers, with its names, defaults and state. `torch.optim.Adafactor` differs in its names, in how it
 * applies eps and in its weight decay, which it scales by `lr` alone.
 *
 * `R ← β₂R + (1−β₂) mean_columns(g² + ε₁);  C ← β₂C + (1−β₂) mean_rows(g² + ε₁);  u = g / √(R Cᵀ / mean(R))` (vectors: `g / √V`)`;`
 * `u ← u / max(1, rms(u) / clipThreshold);  α = lr · max(ε₂, rms(p));  p ← p − α·wd·p − α·u`
 *
 * Tensors of more than two dimensions are factored over the last two. A learning-rate schedule has no effect while the step is relative.
 * @throws {OptionError} for `lr` with `relativeStep`, for neither of them, for `warmupInit` without `relativeStep`, and for options out of range.
 */
export declare class Adafactor extends Optimizer<All> {
  constructor(params: Params<AdafactorOptions>, options?: AdafactorOptions)
  protected check(given: All): All
  protected stateShape(name: string, { shape }: Tensor): readonly number[] | null
  protected update(batches: readonly Batch<All>[]): void
  /** The single parameter of the batch and its moments, each with its next value. */
  private changesOf
}
export {}
