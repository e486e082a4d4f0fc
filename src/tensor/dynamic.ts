import { DtypeError } from '../errors.js'
import * as ops from '../generated/ops.js'
import type { Tensor } from './tensor.js'
import { readData } from './values.js'
import type { TensorData } from './values.js'
import { integers, upTo } from './host.js'
import { Selection } from './selection.js'

/** Results whose shape or value is known only when the numbers are there: these are async. */
export abstract class Dynamic extends Selection {
  /** The places of all elements that are not 0, row by row: i64 (count, ndim). */
  async nonzero(): Promise<Tensor> {
    const places = placesOf(await readData(this.self()))
    const strides = this.shape.map((_, i) => this.shape.slice(i + 1).reduce((n, d) => n * d, 1))
    const at = places.flatMap((place) => strides.map((stride, i) => Math.floor(place / stride) % this.shape[i]!))
    return integers(at, [places.length, this.ndim])
  }

  /**
   * The elements where `mask` is true, as a vector; they keep their gradient. The numbers are those of the call, whatever changes later.
   * @throws {DtypeError} when the mask is not bool; {@link ShapeError} when it does not broadcast to the tensor.
   */
  async maskedSelect(mask: Tensor): Promise<Tensor> {
    if (mask.dtype !== 'bool') {
      throw new DtypeError({
        what: 'maskedSelect: the mask holds no truth values',
        expected: 'bool',
        received: mask.dtype,
        fix: 'compare first, e.g. x.gt(0)',
      })
    }
    const whole = this.covering(mask, 'maskedSelect')
    const numbers = ops.clone(this).reshape(-1)
    return ops.indexSelect(numbers, integers(placesOf(await readData(whole))), 0)
  }

  /**
   * The different values, from small to large; for each element of the tensor the place of its value among them; and how often each value
   * occurs. NaN differs from every NaN.
   */
  async unique(): Promise<{ values: Tensor; inverse: Tensor; counts: Tensor }> {
    const numbers = ops.clone(this).reshape(-1)
    const data: ArrayLike<number | bigint> = await readData(numbers)
    const order = upTo(data.length).sort((a, b) => compare(data[a]!, data[b]!) || a - b)
    const [firsts, counts, inverse] = [[] as number[], [] as number[], new Array<number>(order.length)]
    for (const place of order) {
      if (firsts.length === 0 || data[firsts.at(-1)!] !== data[place]) {
        firsts.push(place)
        counts.push(0)
      }
      counts[counts.length - 1]!++
      inverse[place] = firsts.length - 1
    }
    const values = ops.indexSelect(numbers, integers(firsts), 0)
    return { values, inverse: integers(inverse, this.shape), counts: integers(counts) }
  }

  /** Whether shape and numbers are the same; NaN equals nothing. */
  async equal(other: Tensor): Promise<boolean> {
    if (this.shape.join() !== other.shape.join()) return false
    return (await readData(ops.ne(this, other))).every((differs) => Number(differs) === 0)
  }

  /**
   * Whether `|this - other| <= atol + rtol · |other|` everywhere, broadcast; infinities are close to themselves only. Integers are compared
   * as f64.
   */
  async allclose(
    other: Tensor,
    { rtol = 1e-5, atol = 1e-8, equalNan = false }: { rtol?: number; atol?: number; equalNan?: boolean } = {},
  ): Promise<boolean> {
    if (!this.isFloat()) return this.self().to('f64').allclose(other.to('f64'), { rtol, atol, equalNan })
    const same = ops.eq(this, other)
    const near = ops.sub(this, other).abs().le(other.abs().mul(rtol).add(atol)).logicalAnd(other.isfinite())
    const close = same.logicalOr(near)
    const both = ops.logicalAnd(this.self().isnan(), other.isnan())
    return (await readData(equalNan ? close.logicalOr(both) : close)).every((fine) => Number(fine) === 1)
  }
}

function placesOf(data: TensorData): number[] {
  const places: number[] = []
  data.forEach((value: number | bigint, i: number) => {
    // NaN is not 0.
    if (Number(value) !== 0) places.push(i)
  })
  return places
}

/** From small to large, NaN last. */
function compare(a: number | bigint, b: number | bigint): number {
  if (a < b) return -1
  if (a > b) return 1
  return Number(a !== a) - Number(b !== b)
}
