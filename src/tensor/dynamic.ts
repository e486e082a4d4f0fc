// Results whose shape or value is known only when the numbers are there; the methods of Tensor say what each function computes.
import { DtypeError } from '../errors.js'
import * as ops from '../generated/ops.js'
import { checkOptions } from '../runtime/check-options.js'
import { schemas } from '../runtime/tables.js'
import { product } from './dims.js'
import { isFloat } from './dtype.js'
import { integers, upTo } from './host.js'
import { expandMask } from './selection.js'
import type { Tensor } from './tensor.js'
import { readData } from './values.js'
import type { TensorData } from './values.js'

/** Options of {@link Tensor.allclose}. */
export interface AllcloseOptions {
  /** Distance that is allowed, as a part of the other number. @default 1e-5 */
  rtol?: number
  /** Distance that is allowed in any case. @default 1e-8 */
  atol?: number
  /** Whether NaN is close to NaN. @default false */
  equalNan?: boolean
}

export async function nonzero(x: Tensor): Promise<Tensor> {
  const indices = nonzeroIndices(await readData(x))
  const strides = x.shape.map((_, i) => product(x.shape.slice(i + 1)))
  const at = indices.flatMap((index) => strides.map((stride, i) => Math.floor(index / stride) % x.shape[i]!))
  return integers(at, [indices.length, x.ndim])
}

export async function maskedSelect(x: Tensor, mask: Tensor): Promise<Tensor> {
  if (mask.dtype !== 'bool') {
    throw new DtypeError({
      what: 'maskedSelect: the mask holds no truth values',
      expected: 'bool',
      received: mask.dtype,
      fix: 'compare first, e.g. x.gt(0)',
    })
  }
  const whole = expandMask('maskedSelect', mask, x)
  const numbers = x.clone().reshape(-1)
  return ops.indexSelect(numbers, integers(nonzeroIndices(await readData(whole))), 0)
}

export async function unique(x: Tensor): Promise<{ values: Tensor; inverse: Tensor; counts: Tensor }> {
  const numbers = x.clone().reshape(-1)
  const data: ArrayLike<number | bigint> = await readData(numbers)
  const order = upTo(data.length).sort((a, b) => compare(data[a]!, data[b]!) || a - b)
  const [firsts, counts, inverse] = [[] as number[], [] as number[], new Array<number>(order.length)]
  for (const index of order) {
    if (firsts.length === 0 || data[firsts.at(-1)!] !== data[index]) {
      firsts.push(index)
      counts.push(0)
    }
    counts[counts.length - 1]!++
    inverse[index] = firsts.length - 1
  }
  const values = ops.indexSelect(numbers, integers(firsts), 0)
  return { values, inverse: integers(inverse, x.shape), counts: integers(counts) }
}

export async function equal(x: Tensor, other: Tensor): Promise<boolean> {
  if (x.shape.join() !== other.shape.join()) return false
  return (await readData(ops.ne(x, other))).every((differs) => Number(differs) === 0)
}

export async function allclose(x: Tensor, other: Tensor, options: AllcloseOptions): Promise<boolean> {
  checkOptions('allclose', options, schemas.AllcloseOptions)
  const { rtol = 1e-5, atol = 1e-8, equalNan = false } = options
  if (!isFloat(x.dtype)) return allclose(x.to('f64'), other.to('f64'), options)
  const same = ops.eq(x, other)
  const near = ops.sub(x, other).abs().le(other.abs().mul(rtol).add(atol)).logicalAnd(other.isfinite())
  const close = same.logicalOr(near)
  const both = ops.logicalAnd(x.isnan(), other.isnan())
  return (await readData(equalNan ? close.logicalOr(both) : close)).every((fine) => Number(fine) === 1)
}

function nonzeroIndices(data: TensorData): number[] {
  const indices: number[] = []
  data.forEach((value: number | bigint, i: number) => {
    // NaN is not 0.
    if (Number(value) !== 0) indices.push(i)
  })
  return indices
}

/** From small to large, NaN last. */
function compare(a: number | bigint, b: number | bigint): number {
  if (a < b) return -1
  if (a > b) return 1
  return Number(a !== a) - Number(b !== b)
}
