import { setKind } from '../native/tensor.js'
import { KIND } from './dtype.js'
import type { Tensor } from './tensor.js'

/** Makes a tensor lasting state, as parameters are: when a change of it in place fails, it stays as it was. Returns the same tensor. */
export function markAsState(tensor: Tensor): Tensor {
  setKind(tensor.id, KIND.base)
  return tensor
}
