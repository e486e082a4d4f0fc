// Generated from src/optim/clip.ts by `npm run api`. Do not edit.

import { Tensor } from '../tensor/tensor.js'
/** Options of {@link clipGradNorm}. */
export interface ClipGradNormOptions {
  /** Which norm: 2, another p, or Infinity for the largest absolute element. @exclusiveMinimum 0 @infinity @default 2 */
  normType?: number
}
/**
 * Scales all gradients together so that their norm, taken over all elements, is at most `maxNorm`: `g ← g · min(1, maxNorm / (norm + 1e-6))`.
 *
 * Nothing is waited for. Parameters without a gradient are passed over.
 * @example
 * const norm = optim.clipGradNorm(model.parameters(), 1)
 * await optimizer.step()
 * console.log(await norm.item())
 * @returns the norm before clipping, a tensor without dimensions.
 * @throws {OptionError} when `maxNorm` is negative or `normType` is not above 0.
 * @see torch `clip_grad_norm_`
 */
export declare function clipGradNorm(
  params: Tensor | Iterable<Tensor>,
  maxNorm: number,
  options?: ClipGradNormOptions,
): Tensor
/**
 * Cuts each element of each gradient to [−value, value].
 * @throws {OptionError} when `value` is negative.
 * @see torch `clip_grad_value_`
 */
export declare function clipGradValue(params: Tensor | Iterable<Tensor>, value: number): void
