import { SIZES, dtypeNumber } from '../native/record.js'
import type { DTYPES } from '../native/record.js'

/** Element types. */
export type Dtype = (typeof DTYPES)[number]

/** Bytes of an element. */
export function bytesPerElement(dtype: Dtype): number {
  return SIZES[dtypeNumber(dtype)]!
}

/** What a tensor is for, as `memory()` counts it. */
export const KIND = { base: 0, adapter: 1, gradient: 2, optimizer: 3, activation: 4 } as const

/** Refuses a name that is no dtype. */
export function checkDtype(dtype: unknown): asserts dtype is Dtype {
  dtypeNumber(dtype)
}
