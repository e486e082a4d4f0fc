// A linear head and the cross entropy of its logits, in one operation.
import { ShapeError } from '../../errors.js'
import * as ops from '../../generated/ops.js'
import { isGradEnabled } from '../../tensor/scope.js'
import type { Tensor } from '../../tensor/tensor.js'
import { REDUCTIONS, crossEntropy } from './losses.js'
import type { CrossEntropyOptions } from './losses.js'
import { checkOptions } from '../../runtime/check-options.js'
import { show } from '../../runtime/options.js'
import { schemas } from '../../runtime/tables.js'

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
export function linearCrossEntropy(
  hidden: Tensor,
  weight: Tensor,
  target: Tensor,
  options: LinearCrossEntropyOptions = {},
): Tensor {
  const owner = 'nn.functional.linearCrossEntropy'
  checkOptions(owner, options, schemas.LinearCrossEntropyOptions)
  const labelSmoothing = options.labelSmoothing ?? 0
  const reduction = options.reduction ?? 'mean'
  const { bias = null, ignoreIndex = -100 } = options
  const lead = hidden.shape.slice(0, -1)
  if (hidden.ndim === 0 || lead.join() !== target.shape.join()) throw targetShape(owner, hidden, target)
  const N = lead.reduce((product, n) => product * n, 1)
  const rows = hidden.reshape([N, hidden.shape.at(-1)!])
  const flat = target.reshape([N])
  const learning = (tensor: Tensor | null, bit: number) => (tensor?.requiresGrad ? bit : 0)
  const needs = isGradEnabled() ? learning(hidden, HIDDEN) + learning(weight, WEIGHT) + learning(bias, BIAS) : 0
  if (reduction === 'none' && needs > HIDDEN) {
    const logits = ops.linear(rows, weight, bias, 0)
    return crossEntropy(logits, flat, { ignoreIndex, labelSmoothing, reduction }).reshape(target.shape)
  }
  const code = REDUCTIONS.indexOf(reduction)
  const loss = ops.linearCrossEntropy(rows, weight, bias, flat, ignoreIndex, labelSmoothing, code, needs)
  return reduction === 'none' ? loss.reshape(target.shape) : loss
}

/** Bits for the gradients that forward computes for backward. */
const [HIDDEN, WEIGHT, BIAS] = [1, 2, 4] as const

function targetShape(owner: string, hidden: Tensor, target: Tensor): ShapeError {
  return new ShapeError({
    what: `${owner}: the target does not match the hidden states`,
    expected: `target (${hidden.shape.slice(0, -1).join(', ')}), a class for each vector of hidden (..., C)`,
    received: `hidden ${show(hidden)}, target ${show(target)}`,
    fix: 'give one target for each row; targets equal to ignoreIndex (-100) are ignored',
  })
}
