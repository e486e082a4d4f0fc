import { GradError } from './errors.js'
import { call, markStack } from './native/call.js'
import { lazy } from './native/lazy.js'
import type { Lazy } from './native/lazy.js'
import { native } from './native/load.js'
import { enableGrad, isGradEnabled, keep, noGrad, popFrame, pushFrame, refuseAsync, tensorsIn } from './scope.js'
import { fromId } from './tensor.js'
import type { Tensor } from './tensor.js'

/** The backward of a block that JavaScript answers: gradients of its outputs in, gradients of its inputs out. */
export type BlockBackward = (grads: (Tensor | null)[]) => (Tensor | null)[]

/** A block of the tape: its backward, and the tensors that live as long as it does. */
interface Block {
  readonly backward: BlockBackward
  readonly held: readonly Tensor[]
}

const blocks = new Map<number, Block>()
let last = 0

/** Makes `outputs` depend on `inputs` through `backward`. `held` is disposed of when the graph is gone. */
export function attachBlock(
  inputs: readonly Tensor[],
  outputs: readonly Tensor[],
  backward: BlockBackward,
  held: readonly Tensor[] = [],
): void {
  forgetDropped()
  const number = ++last
  blocks.set(number, { backward, held })
  const ids = (tensors: readonly Tensor[]): Float64Array => Float64Array.from(tensors, (t) => t.id)
  call(() => native.attachCallback(number, ids(inputs), ids(outputs)))
}

/** Lets go of what blocks hold whose graph is gone. */
export function forgetDropped(): void {
  for (const dropped of native.takeDroppedCallbacks()) {
    for (const tensor of blocks.get(dropped)?.held ?? []) tensor.dispose()
    blocks.delete(dropped)
  }
}

/** Walks the tape back from `root`. TypeScript drives, so that Rust never calls JavaScript. */
export function runBackward(root: Tensor, gradient: Tensor | null, retainGraph: boolean): Lazy {
  markStack(runBackward)
  const walk = call(() => native.backwardBegin(root.id, gradient === null ? 0 : gradient.id, retainGraph))
  const scratch = new Float64Array(64)
  for (;;) {
    const callback = call(() => native.backwardRun(walk, scratch))
    if (callback === 0) break
    answer(walk, callback, scratch)
  }
  forgetDropped()
  native.flush()
  return lazy()
}

function answer(walk: number, callback: number, scratch: Float64Array): void {
  const grads = Array.from(scratch.subarray(1, 1 + scratch[0]!), (id) => (id === 0 ? null : fromId(id)))
  try {
    const results = blocks.get(callback)!.backward(grads)
    call(() =>
      native.backwardSupply(
        walk,
        Float64Array.from(results, (t) => (t === null ? 0 : t.id)),
      ),
    )
    for (const tensor of [...results, ...grads]) tensor?.dispose()
  } catch (error) {
    native.backwardAbandon(walk)
    throw error
  }
}

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
  const rng = native.generatorState(0)
  const result = noGrad(() => released(fn, inputs))
  // An output that is an input would get itself as its own block's result.
  const outputs = listOf(result).map((t) => (inputs.includes(t) ? noGrad(() => t.clone()) : t))
  // The inputs outlive the forward that made them.
  const held = inputs.map((t) => keep(t.detach()))
  const versions = held.map((t) => t.version)
  const backward: BlockBackward = (grads) => {
    if (held.some((t, i) => t.version !== versions[i])) throw inputChanged()
    return replay(fn, held, grads, rng)
  }
  attachBlock(inputs, outputs, backward, held)
  return (Array.isArray(result) ? outputs : outputs[0]) as R
}

/** The second run: gradients of the inputs from those of the outputs. */
function replay<Args extends readonly Tensor[]>(
  fn: (...args: Args) => Tensor | Tensor[],
  inputs: readonly Tensor[],
  grads: (Tensor | null)[],
  rng: readonly number[],
): (Tensor | null)[] {
  const now = native.generatorState(0)
  const again = inputs.map((t) => t.detach().requiresGrad_(FLOATING.has(t.dtype)))
  let outputs: Tensor[] = []
  try {
    restore(rng)
    outputs = listOf(enableGrad(() => released(fn, again as unknown as Args)))
    restore(now)
    outputs.forEach((output, i) => {
      const grad = grads[i]
      if (grad && output.requiresGrad) runBackward(output, grad, i < outputs.length - 1)
    })
    return again.map((t) => (t.requiresGrad ? t.grad : null))
  } finally {
    restore(now)
    for (const t of again) if (t.requiresGrad) t.grad = null
    for (const t of [...outputs, ...again]) t.dispose()
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
  let kept: ReadonlySet<Tensor> = new Set()
  try {
    const result = refuseAsync(fn(...args), 'checkpoint')
    kept = tensorsIn(result)
    return result
  } finally {
    popFrame(frame, kept, 'checkpoint()')
  }
}

function listOf(result: Tensor | Tensor[]): Tensor[] {
  return Array.isArray(result) ? result : [result]
}

function restore(state: readonly number[]): void {
  native.setGeneratorState(0, state[0]!, state[1]!, state[2]!, state[3]!)
}
