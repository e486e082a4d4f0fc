// Generated from src/autograd/gradcheck.ts by `npm run api`. Do not edit.

import { Tensor } from '../tensor/tensor.js'
/** Options of {@link gradcheck}. */
export interface GradcheckOptions {
  /** Step of the central difference: the input is moved by ±eps. @exclusiveMinimum 0 @default 1e-6 */
  eps?: number
  /** Absolute tolerance. @minimum 0 @default 1e-5 */
  atol?: number
  /** Relative tolerance. @minimum 0 @default 1e-3 */
  rtol?: number
  /** Throw at the first difference; with false, the result is false instead. @default true */
  raiseException?: boolean
}
type Check = (...inputs: Tensor[]) => Tensor | readonly Tensor[]
/**
 * Compares the gradients of `fn` with central differences, element by element, for every output and every input that requires a gradient. It also
 * runs backward twice and expects equal results. `fn` is called many times, so it must depend on its inputs alone.
 *
 * @param inputs Those that require a gradient must be f64: differences of f32 results are too inexact. Others are passed to `fn` unchanged.
 * @returns true, or false with `raiseException: false`.
 * @throws {GradError} naming the output, the input and the worst element.
 * @see torch.autograd.gradcheck: same defaults.
 */
export declare function gradcheck(fn: Check, inputs: readonly Tensor[], options?: GradcheckOptions): Promise<boolean>
export {}
