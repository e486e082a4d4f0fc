// Generated from src/autograd/grad.ts by `npm run api`. Do not edit.

import type { BackwardOptions } from '../tensor/backward.js'
import type { Tensor } from '../tensor/tensor.js'
/** How {@link grad} goes back. */
export interface GradOptions extends BackwardOptions {
  /** The gradient of each output; null stands for 1, for an output of one element. @default null for each */
  gradOutputs?: Tensor | readonly (Tensor | null)[]
  /** Give null for an input that no output depends on, in place of an error. @default false */
  allowUnused?: boolean
}
/**
 * The gradients of `outputs` (their sum, each times its `gradOutputs`) with respect to `inputs`, which may be leaves or results. No `grad` of
 * any tensor changes, and backward goes only where the inputs are. The graph is freed where it went, unless `retainGraph` is true.
 *
 * @example
 * const [dx] = lora.grad(model.forward(x).sum(), [x])
 * @throws {GradError} `ERR_LORA_GRAD` when an input needs no gradient, or no output depends on it.
 * @see torch.autograd.grad
 */
export declare function grad(
  outputs: Tensor | readonly Tensor[],
  inputs: readonly Tensor[],
  options?: GradOptions & {
    allowUnused?: false
  },
): Tensor[]
export declare function grad(
  outputs: Tensor | readonly Tensor[],
  inputs: readonly Tensor[],
  options: GradOptions,
): (Tensor | null)[]
