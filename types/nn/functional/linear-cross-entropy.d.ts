// Generated from src/nn/functional/linear-cross-entropy.ts by `npm run api`. Do not edit.

import type { Tensor } from '../../tensor/tensor.js'
import type { CrossEntropyOptions } from './losses.js'
/** Options of {@link linearCrossEntropy}. */
export interface LinearCrossEntropyOptions extends Pick<
  CrossEntropyOptions,
  'ignoreIndex' | 'labelSmoothing' | 'reduction'
> {
  /** Added to the logits, (V). @default none */
  bias?: Tensor | null
}
/**
 * `crossEntropy(linear(hidden, weight, bias), target)` without materializing the logits: they are computed for some rows at a time and, with
 * gradients enabled, turned into gradients at once. Rows whose target is ignored are not computed.
 *
 * Shapes: `hidden (..., C)`, `weight (V, C)`, `bias (V)`, `target (...)` i64 → `()`, or `(...)` for the reduction `'none'`. A bf16 or f16 weight
 * may be used with an f32 `hidden`.
 * For a vocabulary of 50,257 and 1,024 tokens, logits and their gradient take 412 MB; here they take 32 MB. Results equal those of the two calls
 * up to rounding. The gradients are computed in forward, so compute a loss without backward under `noGrad`, where only the loss is computed.
 * With the reduction `'none'`, a trainable weight or bias needs the logits in backward: then the two calls are made.
 *
 * @example
 * const { lastHiddenState } = model.transformer.forward(ids)
 * const loss = nn.functional.linearCrossEntropy(lastHiddenState, model.lm_head.weight, labels, { labelSmoothing: 0.1 })
 * @throws {ShapeError} when the shapes do not match.
 * @see PyTorch's `linear_cross_entropy`, Liger kernel's `FusedLinearCrossEntropy`.
 */
export declare function linearCrossEntropy(
  hidden: Tensor,
  weight: Tensor,
  target: Tensor,
  options?: LinearCrossEntropyOptions,
): Tensor
