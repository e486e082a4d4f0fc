// Generated from src/optim/clip.ts by `npm run api`. Do not edit.

import { Tensor } from '../tensor/tensor.js'
/** Options of {@link clipGradNorm}. */
export interface ClipGradNormOptions {
  /** The p of the p-norm; Infinity takes the largest absolute element. @exclusiveMinimum 0 @infinity @default 2 */
  normType?: number
}
/**
 * Scales all gradients together so that their norm, taken over all elements, is at most `maxNorm`: `g ← g · min(1, maxNorm / (norm + 1e-6))`.
 *
 * The call only records and does not wait for the result. Parameters without a gradient are skipped.
 * @example
 * const norm = optim.clipGradNorm(model.parameters(), 1)
 * await optimizer.step()
 * console.log(await norm.item())
 * @returns the norm before clipping, a 0-dimensional tensor.
 * @throws {OptionError} when `maxNorm` is negative or `normType` is not above 0.
 * @see torch `clip_grad_norm_`
 */
export declare function clipGradNorm(
  params: Tensor | Iterable<Tensor>,
  maxNorm: number,
  options?: ClipGradNormOptions,
): Tensor
/**
 * Clamps each element of each gradient to [−value, value].
 * @throws {OptionError} when `value` is negative.
 * @see torch `clip_grad_value_`
 */
export declare function clipGradValue(params: Tensor | Iterable<Tensor>, value: number): void
