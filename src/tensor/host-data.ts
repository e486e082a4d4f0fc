// Data from JavaScript for the engine: its shape, dtype and bytes.
import { DtypeError, OptionError, ShapeError } from '../errors.js'
import { Scratch } from '../native/scratch.js'
import { product } from './dims.js'
import type { Dtype } from './tensor.js'
import type { Nested } from './values.js'

/** Numbers in row-major order. */
export type Values = ArrayLike<number> | ArrayLike<bigint> | ArrayLike<boolean> | ArrayLike<number | bigint | boolean>

/** Values, shape and dtype of a typed array. */
export function fromTyped(
  data: ArrayBufferView,
  shape?: readonly number[],
): { values: Values; shape: readonly number[]; dtype: Dtype } {
  const values = data as unknown as ArrayLike<number>
  const n = values.length
  if (n === undefined)
    throw new OptionError({
      what: 'tensor: a DataView has no element type',
      expected: 'a typed array',
      received: 'a DataView',
      fix: 'wrap its buffer, e.g. new Float32Array(view.buffer)',
    })
  const wanted = shape ?? [n]
  const count = product(wanted)
  if (count !== n) throw notFilled(`${count} numbers for (${wanted.join(', ')})`, n)
  const dtype: Dtype =
    data instanceof Float32Array
      ? 'f32'
      : data instanceof Float64Array
        ? 'f64'
        : data instanceof Uint8Array
          ? 'u8'
          : 'i64'
  return { values, shape: wanted, dtype }
}

/** Values, shape and dtype of nested arrays. @throws {ShapeError} for ragged ones. */
export function fromNested(
  data: Nested<number | bigint | boolean>,
  wanted?: readonly number[],
): { values: Values; shape: readonly number[]; dtype: Dtype } {
  const shape: number[] = []
  for (let level: unknown = data; Array.isArray(level); level = level[0]) shape.push(level.length)
  const values: (number | bigint | boolean)[] = []
  const walk = (item: Nested<number | bigint | boolean>, dim: number): void => {
    if (!Array.isArray(item)) {
      if (dim !== shape.length || !['number', 'bigint', 'boolean'].includes(typeof item)) throw ragged(dim, item)
      values.push(item)
    } else {
      if (item.length !== shape[dim]) throw ragged(dim, item)
      for (const inner of item) walk(inner, dim + 1)
    }
  }
  walk(data, 0)
  if (wanted && product(wanted) !== values.length) throw notFilled(`(${wanted.join(', ')})`, values.length)
  const first = typeof values[0]
  const dtype: Dtype =
    values.length > 0 && values.every((v) => typeof v === 'boolean') ? 'bool' : first === 'bigint' ? 'i64' : 'f32'
  return { values, shape: wanted ?? shape, dtype }
}

function notFilled(expected: string, n: number): ShapeError {
  return new ShapeError({
    what: 'tensor: the data does not fill the shape',
    expected,
    received: `${n} numbers`,
    fix: 'leave shape out, or pass as many numbers as the product of its sizes',
  })
}

function ragged(dim: number, item: unknown): ShapeError {
  return new ShapeError({
    what: 'tensor: the nested arrays have no common shape',
    expected: 'numbers at one depth, and equal lengths in each dimension',
    received: Array.isArray(item)
      ? `a length of ${item.length} in dimension ${dim}`
      : `${String(item)} at depth ${dim}`,
    fix: 'pad the shorter rows; strings are not numbers',
  })
}

/** 0 for 0, 1 for anything else. A plain loop, since masks of beams are made at every token. */
function booleans(values: ArrayLike<number>): Uint8Array {
  const out = new Uint8Array(values.length)
  for (let i = 0; i < out.length; i++) out[i] = values[i] === 0 ? 0 : 1
  return out
}

/** Numbers as the bytes of a dtype other than bf16 and f16, valid until the next call. */
export function bytesOf(values: Values, dtype: Dtype): Uint8Array {
  const n = values.length
  let array: ArrayBufferView
  if (dtype === 'f32')
    array = values instanceof Float32Array ? values : Float32Array.from({ length: n }, (_, i) => Number(values[i]))
  else if (dtype === 'f64')
    array = values instanceof Float64Array ? values : Float64Array.from({ length: n }, (_, i) => Number(values[i]))
  else if (dtype === 'i64') array = values instanceof BigInt64Array ? values : integers(values)
  else if (dtype === 'bool')
    array = values instanceof Uint8Array ? booleans(values) : booleans(Array.from(values, Number))
  else array = values instanceof Uint8Array ? values : Uint8Array.from({ length: n }, (_, i) => toByte(values[i]!))
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength)
}

const scratch = new Scratch((length) => new Int32Array(length))

/** Numbers as i64, as pairs of 32-bit halves: a bigint for each would be most of the garbage of a loop over token ids. */
function integers(values: Values): Int32Array {
  const length = 2 * values.length
  const halves = scratch.take(length)
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!
    if (typeof value === 'number' && Number.isSafeInteger(value)) {
      halves[2 * i] = value | 0
      halves[2 * i + 1] = Math.floor(value / 2 ** 32)
    } else {
      const integer = toInteger(value)
      halves[2 * i] = Number(BigInt.asIntN(32, integer))
      halves[2 * i + 1] = Number(BigInt.asIntN(32, integer >> 32n))
    }
  }
  return halves.subarray(0, length)
}

function toInteger(value: number | bigint | boolean): bigint {
  if (typeof value === 'number' && !Number.isInteger(value))
    throw new DtypeError({
      what: 'tensor: a fraction cannot be an integer',
      expected: 'integers for i64',
      received: String(value),
      fix: "leave the dtype out, or convert with .to('i64')",
    })
  const integer = BigInt(value)
  if (BigInt.asIntN(64, integer) !== integer) {
    throw new DtypeError({
      what: 'tensor: this integer is too large',
      expected: '-2^63 to 2^63 - 1 for i64',
      received: String(value),
      fix: "pass numbers for { dtype: 'f64' }, which rounds",
    })
  }
  return integer
}

function toByte(value: number | bigint | boolean): number {
  const number = Number(value)
  if (!Number.isInteger(number) || number < 0 || number > 255)
    throw new DtypeError({
      what: 'tensor: this number is not a byte',
      expected: '0 to 255 for u8',
      received: String(value),
      fix: "use { dtype: 'i64' } for larger integers, or leave the dtype out",
    })
  return number
}
