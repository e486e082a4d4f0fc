// Whole numbers of the host as tensors, without the options and checks of make.ts.
import { DTYPES, put } from '../native/record.js'
import type { Tensor } from './tensor.js'
import { KIND } from './dtype.js'

/** Whole numbers as an i64 tensor, a vector unless a shape is given. */
export function integers(values: Iterable<number>, shape?: readonly number[]): Tensor {
  const array = BigInt64Array.from(values, (value) => BigInt(value))
  return put(DTYPES.indexOf('i64'), shape ?? [array.length], new Uint8Array(array.buffer), KIND.activation)
}

/** `0, 1, … n - 1`. */
export function upTo(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i)
}
