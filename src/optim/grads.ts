import { call } from '../native/call.js'
import { native } from '../native/load.js'
import type { Tensor } from '../tensor.js'
import { fromId } from '../tensor.js'

/**
 * Runs `fn` with the gradients of those parameters that have one, in order.
 *
 * The handles end with the call: left to the garbage collector, they would hold the memory of gradients that have been set to null.
 */
export function withGrads<T>(params: Iterable<Tensor>, fn: (grads: Tensor[]) => T): T {
  const grads: Tensor[] = []
  try {
    for (const param of params) {
      const id = call(() => native.grad(param.id))
      if (id !== 0) grads.push(fromId(id))
    }
    return fn(grads)
  } finally {
    for (const grad of grads) grad.dispose()
  }
}
