import { checkOptions } from '../runtime/check-options.js'
import { schemas } from '../runtime/tables.js'
import { gradients } from '../tensor/backward.js'
import type { BackwardOptions } from '../tensor/backward.js'
import { GradError, OptionError } from '../errors.js'
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
export function grad(outputs: Tensor | readonly Tensor[], inputs: readonly Tensor[], options?: GradOptions & { allowUnused?: false }): Tensor[] // prettier-ignore
/** With `allowUnused`: null for an input that no output depends on. */
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
      what: 'grad: gradOutputs does not match the outputs',
      expected: `${roots.length} gradients or nulls, one for each output`,
      received: `${seeds.length}`,
      fix: 'leave gradOutputs out for outputs of one element, or give one tensor or null for each output',
    })
  }
  if (!Array.isArray(inputs) || roots.length === 0 || inputs.length === 0) {
    throw new OptionError({
      what: 'grad: there are no outputs or no inputs',
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
