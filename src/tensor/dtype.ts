import { SIZES, dtypeNumber } from '../native/record.js'
import type { DTYPES } from '../native/record.js'

/** Element types. */
export type Dtype = (typeof DTYPES)[number]

/** Bytes of an element. */
export function bytesPerElement(dtype: Dtype): number {
  return SIZES[dtypeNumber(dtype)]!
}

/** Whether a dtype holds floating-point numbers. */
export function isFloat(dtype: Dtype): boolean {
  return dtype === 'f32' || dtype === 'f64' || isHalf(dtype)
}

/** Whether a dtype holds floating-point numbers of two bytes. */
export function isHalf(dtype: Dtype): dtype is 'bf16' | 'f16' {
  return dtype === 'bf16' || dtype === 'f16'
}

/** What a tensor is for, as `memory()` counts it. */
export const KIND = { base: 0, adapter: 1, gradient: 2, optimizer: 3, activation: 4 } as const

/** Refuses a name that is no dtype. */
export function checkDtype(dtype: unknown): asserts dtype is Dtype {
  dtypeNumber(dtype)
}
