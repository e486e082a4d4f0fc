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

/**
 * Runs `fn` without keeping what its backward needs, and runs it again when backward comes: less memory for more time. Dropout draws the
 * same numbers both times. `fn` may use trainable parameters beside its inputs; what it makes is released but for its result and `keep(t)`.
 * @throws {AsyncError} for an async function.
 */
export function checkpoint<Args extends readonly Tensor[], R extends Tensor | Tensor[]>(
  fn: (...args: Args) => R,
  ...inputs: Args
): R {
  if (!isGradEnabled()) return refuseAsync(fn(...inputs), 'checkpoint')
  const rng = generatorState(0)
  const result = noGrad(() => released(fn, inputs))
  // An output that is an input would get itself as its own block's result.
  const outputs = listOf(result).map((t) => (inputs.includes(t) ? noGrad(() => t.clone()) : t))
  // The inputs outlive the forward that made them.
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

/** The second run: gradients of the inputs from those of the outputs. */
function recompute<Args extends readonly Tensor[]>(
  fn: (...args: Args) => Tensor | Tensor[],
  inputs: readonly Tensor[],
  grads: (Tensor | null)[],
  rng: readonly number[],
): (Tensor | null)[] {
  const now = generatorState(0)
  const leaves = inputs.map((t) => t.detach().requiresGrad_(FLOATING.has(t.dtype)))
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
      what: 'checkpoint: an input was changed in place before backward ran the block again',
      expected: 'inputs that stay as they are until backward',
      received: 'an input of a newer version',
      fix: 'use the form without the underscore, or change a clone()',
    },
    'ERR_LORA_VERSION',
  )
}

const FLOATING: ReadonlySet<string> = new Set(['f32', 'f64', 'bf16', 'f16'])

/** `fn(...args)`, and only its result lives on. */
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
