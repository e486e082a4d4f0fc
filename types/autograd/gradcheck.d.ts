// Generated from src/autograd/gradcheck.ts by `npm run api`. Do not edit.

import { Tensor } from '../tensor/tensor.js'
/** How {@link gradcheck} compares. */
export interface GradcheckOptions {
  /** Half the step of the central difference. @exclusiveMinimum 0 @default 1e-6 */
  eps?: number
  /** Absolute tolerance. @minimum 0 @default 1e-5 */
  atol?: number
  /** Relative tolerance. @minimum 0 @default 1e-3 */
  rtol?: number
  /** Throw at the first difference; with false, resolve to false. @default true */
  raiseException?: boolean
}
type Check = (...inputs: Tensor[]) => Tensor | readonly Tensor[]
/**
 * Compares the gradients of `fn` with central differences, element by element, for every output and every input that requires a gradient. Also
 * runs backward twice: it must give the same numbers. `fn` is called many times, so it must be a function of its inputs alone.
 *
 * @param inputs f64, since differences of f32 results say little; others are passed on as they are.
 * @returns true, or false with `raiseException: false`.
 * @throws {GradError} naming the output, the input and the worst element.
 * @see torch.autograd.gradcheck: same defaults.
 */
export declare function gradcheck(fn: Check, inputs: readonly Tensor[], options?: GradcheckOptions): Promise<boolean>
export {}
