// The values of small integer tensors made from host data, so that padding and the like are known when work is recorded.
import type { Values } from './host-data.js'
import type { Tensor } from './tensor.js'

interface Remembered {
  readonly values: Float64Array
  readonly version: number
}

const remembered = new WeakMap<Tensor, Remembered>()

/** Larger tensors are not batches of ids. */
const MOST = 1 << 20

/** Remembers the values of a new tensor if it is a matrix of integers or booleans. tensor() calls this. */
export function rememberRows(made: Tensor, values: Values): void {
  if (made.ndim !== 2 || values.length > MOST || !['i64', 'bool', 'u8'].includes(made.dtype)) return
  remembered.set(made, { values: Float64Array.from(values as ArrayLike<number>, Number), version: made.version })
}

/** The rows of a tensor that was made from host data and has not changed since, else null. */
export function rowsOfTensor(tensor: Tensor): number[][] | null {
  const known = remembered.get(tensor)
  if (known === undefined || tensor.version !== known.version) return null
  const [B = 0, T = 0] = tensor.shape
  return Array.from({ length: B }, (_, b) => Array.from(known.values.subarray(b * T, (b + 1) * T)))
}
