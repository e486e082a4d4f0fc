import { BLOCKS, SIZES, dtypeNumber } from '../native/record.js'
import type { DTYPES } from '../native/record.js'

/**
 * Element types. Those with a `q` are the blocks of GGUF files: a few bits for each value, and scales for each 32 values, or 256 in the types that end in `_k`. Layers
 * and embeddings read a weight in blocks; anything else needs `to('f32')`.
 */
export type Dtype = (typeof DTYPES)[number]

/** Element types of numbers that stand for themselves. */
export type ElementDtype = 'f32' | 'f64' | 'bf16' | 'f16' | 'i64' | 'u8' | 'bool'

/** Element types of frozen weights in blocks. */
export type BlockDtype = Exclude<Dtype, ElementDtype>

/** Bytes of so many values, which in blocks are whole ones. */
export function bytesOfNumbers(dtype: Dtype, count: number): number {
  const number = dtypeNumber(dtype)
  const size = SIZES[number]
  if (size !== undefined) return count * size
  const [values, bytes] = BLOCKS[number - SIZES.length]!
  return Math.ceil(count / values) * bytes
}

/** Whether a dtype holds floating-point numbers. */
export function isFloat(dtype: Dtype): boolean {
  return dtype === 'f32' || dtype === 'f64' || isHalf(dtype)
}

/** Whether a dtype holds floating-point numbers of two bytes. */
export function isHalf(dtype: Dtype): dtype is 'bf16' | 'f16' {
  return dtype === 'bf16' || dtype === 'f16'
}

/** Whether a dtype stores numbers in blocks. */
export function isBlocks(dtype: Dtype): dtype is BlockDtype {
  return dtypeNumber(dtype) >= SIZES.length
}

/** Whether numbers of a dtype are read and written as f32. */
export function isNarrow(dtype: Dtype): boolean {
  return isHalf(dtype) || isBlocks(dtype)
}

/**
 * The dtype in which rows of this length can be stored: the one that is asked for or, where its blocks do not fit, what llama.cpp takes instead (q5_0 for q4_k, q5_1 for
 * q5_k, q8_0 for q6_k; q4_0 for q2_k and q3_k, for which it has a type of its own). Null where no blocks fit.
 */
export function dtypeForRows(dtype: BlockDtype, columns: number): BlockDtype | null {
  const fits = (candidate: BlockDtype) => columns > 0 && columns % valuesOfBlock(candidate) === 0
  if (fits(dtype)) return dtype
  const instead = FALLBACKS[dtype]
  return instead !== undefined && fits(instead) ? instead : null
}

const FALLBACKS: Partial<Record<BlockDtype, BlockDtype>> = {
  q2_k: 'q4_0',
  q3_k: 'q4_0',
  q4_k: 'q5_0',
  q5_k: 'q5_1',
  q6_k: 'q8_0',
}

function valuesOfBlock(dtype: BlockDtype): number {
  return BLOCKS[dtypeNumber(dtype) - SIZES.length]![0]
}

/** What a tensor is for, as `memory()` counts it. */
export const KIND = { base: 0, adapter: 1, gradient: 2, optimizer: 3, activation: 4 } as const

/** Refuses a name that is no dtype. */
export function checkDtype(dtype: unknown): asserts dtype is Dtype {
  dtypeNumber(dtype)
}
