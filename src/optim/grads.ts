import { revive } from '../native/call.js'
import { native } from '../native/load.js'
import type { Tensor } from '../tensor.js'
import { borrowGrad } from '../tensor.js'

/**
 * Runs `fn` with the gradients of those parameters that have one, in order.
 *
 * The handles end with the call: left to the garbage collector, they would hold the memory of gradients that have been set to null.
 */
export function withGrads<T>(params: Iterable<Tensor>, fn: (grads: Tensor[]) => T): T {
  const grads: Tensor[] = []
  try {
    for (const param of params) {
      const id = gradId(param)
      if (id !== 0) grads.push(borrowGrad(param, id))
    }
    return fn(grads)
  } finally {
    for (const grad of grads) grad.dispose()
  }
}

// Without a function for call(): this runs for each parameter of each step.
function gradId(param: Tensor): number {
  try {
    return native.grad(param.id)
  } catch (error) {
    throw revive(error, gradId)
  }
}
