// Generated from src/autograd/checkpoint.ts by `npm run api`. Do not edit.

import type { Tensor } from '../tensor/tensor.js'
/**
 * Runs `fn` without keeping what its backward needs, and runs it again when backward comes: less memory for more time. Dropout draws the
 * same numbers both times. `fn` may use trainable parameters beside its inputs; what it makes is released but for its result and `keep(t)`.
 * @throws {AsyncError} for an async function.
 */
export declare function checkpoint<Args extends readonly Tensor[], R extends Tensor | Tensor[]>(
  fn: (...args: Args) => R,
  ...inputs: Args
): R
