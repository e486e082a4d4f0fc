// Generated from src/autograd/grad.ts by `npm run api`. Do not edit.

import type { BackwardOptions } from '../tensor/backward.js'
import type { Tensor } from '../tensor/tensor.js'
/** Options of {@link grad}. */
export interface GradOptions extends BackwardOptions {
  /** The gradient of each output; null means 1 and needs an output of one element. @default null for each */
  gradOutputs?: Tensor | readonly (Tensor | null)[]
  /** Return null for an input that no output depends on, instead of throwing an error. @default false */
  allowUnused?: boolean
}
/**
 * The gradients of `outputs` (their sum, each weighted by its `gradOutputs`) with respect to `inputs`, which may be leaves or results. No tensor's `grad`
 * changes, and backward visits only the part of the graph that leads to the inputs. That part is freed unless `retainGraph` is true.
 *
 * @example
 * const [dx] = lora.grad(model.forward(x).sum(), [x])
 * @throws {GradError} `ERR_LORA_GRAD` when an input does not require a gradient, or no output depends on it.
 * @see torch.autograd.grad
 */
export declare function grad(
  outputs: Tensor | readonly Tensor[],
  inputs: readonly Tensor[],
  options?: GradOptions & {
    allowUnused?: false
  },
): Tensor[]
/** With `allowUnused`: null for an input that no output depends on. */
export declare function grad(
  outputs: Tensor | readonly Tensor[],
  inputs: readonly Tensor[],
  options: GradOptions,
): (Tensor | null)[]
