import { call } from './native/call.js'
import { lazy } from './native/lazy.js'
import type { Lazy } from './native/lazy.js'
import { native } from './native/load.js'
import { enableGrad, noGrad, refuseAsync } from './scope.js'
import { fromId } from './tensor.js'
import type { Tensor } from './tensor.js'

/** The backward of a block that JavaScript answers: gradients of its outputs in, gradients of its inputs out. */
export type BlockBackward = (grads: (Tensor | null)[]) => (Tensor | null)[]

const blocks = new Map<number, BlockBackward>()
let last = 0

/** Makes `outputs` depend on `inputs` through `backward`. */
export function attachBlock(inputs: readonly Tensor[], outputs: readonly Tensor[], backward: BlockBackward): void {
  for (const dropped of native.takeDroppedCallbacks()) blocks.delete(dropped)
  const number = ++last
  blocks.set(number, backward)
  const ids = (tensors: readonly Tensor[]): Float64Array => Float64Array.from(tensors, (t) => t.id)
  call(() => native.attachCallback(number, ids(inputs), ids(outputs)))
}

/** Walks the tape back from `root`. TypeScript drives, so that Rust never calls JavaScript. */
export function runBackward(root: Tensor, gradient: Tensor | null, retainGraph: boolean): Lazy {
  const walk = call(() => native.backwardBegin(root.id, gradient === null ? 0 : gradient.id, retainGraph))
  const scratch = new Float64Array(64)
  for (;;) {
    const callback = call(() => native.backwardRun(walk, scratch))
    if (callback === 0) break
    answer(walk, callback, scratch)
  }
  for (const dropped of native.takeDroppedCallbacks()) blocks.delete(dropped)
  native.flush()
  return lazy()
}

function answer(walk: number, callback: number, scratch: Float64Array): void {
  const grads = Array.from(scratch.subarray(1, 1 + scratch[0]!), (id) => (id === 0 ? null : fromId(id)))
  try {
    const results = blocks.get(callback)!(grads)
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
 * same numbers both times. `fn` may use trainable parameters beside its inputs.
 * @throws {AsyncError} for an async function.
 */
export function checkpoint<Args extends readonly Tensor[], R extends Tensor | Tensor[]>(
  fn: (...args: Args) => R,
  ...inputs: Args
): R {
  const rng = native.generatorState(0)
  const result = noGrad(() => refuseAsync(fn(...inputs), 'checkpoint'))
  const outputs = (Array.isArray(result) ? result : [result]) as Tensor[]
  // An output that is an input would get itself as its own block's result.
  const fresh = outputs.map((t) => (inputs.includes(t) ? t.clone() : t))
  attachBlock(inputs, fresh, (grads) => {
    const now = native.generatorState(0)
    restore(rng)
    const again = inputs.map((t) =>
      t.detach().requiresGrad_(t.dtype !== 'i64' && t.dtype !== 'bool' && t.dtype !== 'u8'),
    )
    const made = enableGrad(() => fn(...(again as unknown as Args)))
    restore(now)
    const list = (Array.isArray(made) ? made : [made]) as Tensor[]
    list.forEach((output, i) => {
      const grad = grads[i]
      if (grad && output.requiresGrad) runBackward(output, grad, i < list.length - 1)
    })
    const back = again.map((t) => (t.requiresGrad ? t.grad : null))
    for (const t of list) t.dispose()
    again.forEach((t) => {
      if (t.requiresGrad) t.grad = null
      t.dispose()
    })
    return back
  })
  return (Array.isArray(result) ? fresh : fresh[0]) as R
}

function restore(state: readonly number[]): void {
  native.setGeneratorState(0, state[0]!, state[1]!, state[2]!, state[3]!)
}
