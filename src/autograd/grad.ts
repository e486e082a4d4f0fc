import { checkOptions } from '../runtime/check-options.js'
import * as schemas from '../generated/options.js'
import { gradients } from '../tensor/backward.js'
import type { BackwardOptions } from '../tensor/backward.js'
import { GradError, OptionError } from '../errors.js'
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
export function grad(outputs: Tensor | readonly Tensor[], inputs: readonly Tensor[], options?: GradOptions & { allowUnused?: false }): Tensor[] // prettier-ignore
export function grad(outputs: Tensor | readonly Tensor[], inputs: readonly Tensor[], options: GradOptions): (Tensor | null)[] // prettier-ignore
export function grad(
  outputs: Tensor | readonly Tensor[],
  inputs: readonly Tensor[],
  options: GradOptions = {},
): (Tensor | null)[] {
  checkOptions('grad', options, schemas.GradOptions)
  const roots = listOf(outputs)
  const seeds = options.gradOutputs === undefined ? roots.map(() => null) : listOf(options.gradOutputs)
  if (seeds.length !== roots.length) {
    throw new OptionError({
      what: 'grad: gradOutputs does not fit the outputs',
      expected: `${roots.length} gradients or nulls, one for each output`,
      received: `${seeds.length}`,
      fix: 'leave gradOutputs out for outputs of one element, or give one tensor or null for each output',
    })
  }
  if (!Array.isArray(inputs) || roots.length === 0 || inputs.length === 0) {
    throw new OptionError({
      what: 'grad: there is nothing to go back from or to',
      expected: 'at least one output, and an array of at least one input',
      received: `${roots.length} outputs, inputs ${Array.isArray(inputs) ? 'empty' : String(inputs)}`,
      fix: 'write lora.grad(loss, [x]) with the tensors in an array',
    })
  }
  const found = gradients(roots, seeds, inputs, options)
  const missing = found.indexOf(null)
  if (missing >= 0 && !options.allowUnused) {
    for (const tensor of found) tensor?.dispose()
    throw new GradError({
      what: 'grad: no output depends on an input',
      expected: 'inputs that were used in the graph of the outputs',
      received: `input ${missing}, shape (${inputs[missing]!.shape.join(', ')})`,
      fix: 'leave it out, or pass { allowUnused: true } to get null for it',
    })
  }
  return found
}

function listOf<T>(value: T | readonly T[]): readonly T[] {
  return Array.isArray(value) ? (value as readonly T[]) : [value as T]
}
