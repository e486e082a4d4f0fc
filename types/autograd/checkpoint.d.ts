// Generated from src/autograd/checkpoint.ts by `npm run api`. Do not edit.

import type { Tensor } from '../tensor/tensor.js'
/**
 * Runs `fn` without saving what its backward needs, and recomputes it during backward: it trades time for memory. Dropout draws the same numbers
 * both times. `fn` may use trainable parameters in addition to its inputs. Tensors that it makes are released, except its result and `keep(t)`.
 * @see torch.utils.checkpoint.checkpoint
 * @throws {AsyncError} for an async function.
 */
export declare function checkpoint<Args extends readonly Tensor[], R extends Tensor | Tensor[]>(
  fn: (...args: Args) => R,
  ...inputs: Args
): R
