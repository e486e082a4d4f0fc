// The one inversion of the order of the layers: ops make tensors, and the class Tensor is built on the ops.
import type { Tensor } from '../tensor/tensor.js'

type TensorClass = new (id: number, dtype: number, shape: readonly number[]) => Tensor

let tensorClass: TensorClass

/** Called by tensor.ts with its class, so that the layers below need not import it. */
export function registerTensorClass(registered: TensorClass): void {
  tensorClass = registered
}

/** `value instanceof Tensor`, for the modules on which the class is built. */
export function isTensor(value: unknown): value is Tensor {
  return value instanceof tensorClass
}

/** A wrapper for a tensor that the engine has just made; `dtype` by number. */
export function wrap(id: number, dtype: number, shape: readonly number[]): Tensor {
  return new tensorClass(id, dtype, shape)
}

/** A wrapper for a tensor that was described at `offset`: id, dtype, rank, sizes. */
export function wrapDescribed(scratch: Float64Array, offset: number): Tensor {
  const rank = scratch[offset + 2]!
  const shape = new Array<number>(rank)
  for (let i = 0; i < rank; i++) shape[i] = scratch[offset + 3 + i]!
  return new tensorClass(scratch[offset]!, scratch[offset + 1]!, shape)
}
