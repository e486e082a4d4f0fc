import { attachBlock, runBackward } from '../tensor/backward.js'
import type { BlockBackward } from '../tensor/backward.js'
import { GradError } from '../errors.js'
import { generatorState, setGeneratorState } from '../native/random.js'
import { sameForward } from './running-forward.js'
import {
  enableGrad,
  isGradEnabled,
  keep,
  keepIn,
  nextEnd,
  noGrad,
  popFrame,
  pushFrame,
  refuseAsync,
} from '../tensor/scope.js'
import type { Tensor } from '../tensor/tensor.js'
import { isFloat } from '../tensor/dtype.js'

/**
 * Runs `fn` without saving what its backward needs, and recomputes it during backward: it trades time for memory. Dropout draws the same numbers
 * both times. `fn` may use trainable parameters in addition to its inputs. Tensors that it makes are released, except its result and `keep(t)`.
 * @see torch.utils.checkpoint.checkpoint
 * @throws {AsyncError} for an async function.
 */
export function checkpoint<Args extends readonly Tensor[], R extends Tensor | Tensor[]>(
  fn: (...args: Args) => R,
  ...inputs: Args
): R {
  if (!isGradEnabled()) return refuseAsync(fn(...inputs), 'checkpoint')
  const rng = generatorState(0)
  const result = noGrad(() => released(fn, inputs))
  // An input returned as an output is cloned: otherwise it would become the result of a block that it is an input of.
  const outputs = listOf(result).map((t) => (inputs.includes(t) ? noGrad(() => t.clone()) : t))
  // Backward needs the inputs after the forward that made them has ended.
  const held = inputs.map((t) => keep(t.detach()))
  const versions = held.map((t) => t.version)
  const inForward = sameForward()
  const backward: BlockBackward = (grads) => {
    if (held.some((t, i) => t.version !== versions[i])) throw inputChanged()
    return inForward(() => recompute(fn, held, grads, rng))
  }
  attachBlock(inputs, outputs, backward, { held, name: 'checkpoint()', reachesLeaves: true })
  return (Array.isArray(result) ? outputs : outputs[0]) as R
}

/** Recomputes the block and returns the gradients of the inputs, given those of the outputs. */
function recompute<Args extends readonly Tensor[]>(
  fn: (...args: Args) => Tensor | Tensor[],
  inputs: readonly Tensor[],
  grads: (Tensor | null)[],
  rng: readonly number[],
): (Tensor | null)[] {
  const now = generatorState(0)
  const leaves = inputs.map((t) => t.detach().requiresGrad_(isFloat(t.dtype)))
  let outputs: Tensor[] = []
  try {
    setGeneratorState(0, rng)
    outputs = listOf(enableGrad(() => released(fn, leaves as unknown as Args)))
    setGeneratorState(0, now)
    outputs.forEach((output, i) => {
      const grad = grads[i]
      if (grad && output.requiresGrad) runBackward(output, grad, { retainGraph: i < outputs.length - 1 })
    })
    return leaves.map((t) => (t.requiresGrad ? t.grad : null))
  } finally {
    setGeneratorState(0, now)
    for (const t of leaves) if (t.requiresGrad) t.grad = null
    for (const t of [...outputs, ...leaves]) t.dispose()
  }
}

function inputChanged(): GradError {
  return new GradError(
    {
      what: 'checkpoint: an input was changed in place before backward recomputed the block',
      expected: 'inputs that stay unchanged until backward',
      received: 'an input of a newer version',
      fix: 'use the out-of-place operation (without the underscore), or change a clone()',
    },
    'ERR_LORA_VERSION',
  )
}

/** `fn(...args)`; releases all tensors that it makes except its result. */
function released<Args extends readonly Tensor[], R>(fn: (...args: Args) => R, args: Args): R {
  const frame = pushFrame()
  const end = nextEnd()
  try {
    const result = refuseAsync(fn(...args), 'checkpoint')
    keepIn(result, end)
    return result
  } finally {
    popFrame(frame, end, 'checkpoint()')
  }
}

function listOf(result: Tensor | Tensor[]): Tensor[] {
  return Array.isArray(result) ? result : [result]
}
