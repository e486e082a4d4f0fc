import { Tensor, borrowGrads } from '../tensor/tensor.js'

/**
 * Runs `fn` with the gradients of the parameters, null where there is none.
 *
 * The handles are released at the end of the call: left to the garbage collector, they would keep the memory of gradients that have been set to null.
 */
export function withEachGrad<T>(params: readonly Tensor[], fn: (grads: readonly (Tensor | null)[]) => T): T {
  const grads = borrowGrads(params)
  try {
    return fn(grads)
  } finally {
    Tensor.returnGrads(grads)
  }
}

/** Like {@link withEachGrad}, but `fn` gets only the gradients that exist, in order. */
export function withGrads<T>(params: Iterable<Tensor>, fn: (grads: Tensor[]) => T): T {
  return withEachGrad([...params], (grads) => fn(grads.filter((grad) => grad !== null)))
}
