import { DtypeError, MemoryError, OptionError, ShapeError } from './errors.js'
import * as ops from './generated/ops.js'
import { DTYPES, put } from './native/record.js'
import { withGenerator } from './random.js'
import type { Generator } from './random.js'
import { KIND, checkDtype } from './tensor.js'
import type { Dtype, Tensor } from './tensor.js'
import type { Nested } from './values.js'

/** Options of the functions that make tensors. */
export interface MakeOptions {
  /** Element type. @default 'f32' */
  dtype?: Dtype
  /** Whether backward gives it a gradient. @default false */
  requiresGrad?: boolean
}

/** Data that {@link tensor} takes. */
export type TensorLike = Nested<number | bigint | boolean> | ArrayBufferView

/**
 * A tensor of the given numbers: nested arrays, or a typed array with a `shape`. Numbers give f32, truth values bool, BigInts i64; of typed
 * arrays Float64Array gives f64, integer ones i64, Uint8Array u8. The data is copied.
 * @throws {ShapeError} for ragged arrays, and for data that does not fill the shape.
 */
export function tensor(data: TensorLike, options: MakeOptions & { shape?: readonly number[] } = {}): Tensor {
  const { values, shape, dtype } = ArrayBuffer.isView(data)
    ? fromTyped(data, options.shape)
    : fromNested(data, options.shape)
  const wanted = options.dtype ?? dtype
  checkDtype(wanted)
  const made = putValues(values, shape, wanted)
  if (options.requiresGrad) made.requiresGrad = true
  return made
}

type Values = ArrayLike<number> | ArrayLike<bigint> | ArrayLike<boolean> | ArrayLike<number | bigint | boolean>

function fromTyped(
  data: ArrayBufferView,
  shape?: readonly number[],
): { values: Values; shape: readonly number[]; dtype: Dtype } {
  const values = data as unknown as ArrayLike<number>
  const n = values.length
  if (n === undefined) throw new OptionError({ what: 'tensor: a DataView holds no numbers', expected: 'a typed array' })
  const wanted = shape ?? [n]
  if (wanted.reduce((p, d) => p * d, 1) !== n) {
    throw new ShapeError({
      what: 'tensor: the data does not fill the shape',
      expected: `${wanted.reduce((p, d) => p * d, 1)} numbers for (${wanted.join(', ')})`,
      received: `${n} numbers`,
    })
  }
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

function fromNested(
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
  if (wanted && wanted.reduce((p, d) => p * d, 1) !== values.length) {
    throw new ShapeError({
      what: 'tensor: the data does not fill the shape',
      expected: `(${wanted.join(', ')})`,
      received: `${values.length} numbers`,
    })
  }
  const first = typeof values[0]
  const dtype: Dtype =
    values.length > 0 && values.every((v) => typeof v === 'boolean') ? 'bool' : first === 'bigint' ? 'i64' : 'f32'
  return { values, shape: wanted ?? shape, dtype }
}

function ragged(dim: number, item: unknown): ShapeError {
  return new ShapeError({
    what: 'tensor: the nested arrays have no common shape',
    expected: 'numbers at one depth and equal lengths in each dimension',
    received: Array.isArray(item)
      ? `a length of ${item.length} in dimension ${dim}`
      : `${String(item)} at depth ${dim}`,
  })
}

/** Numbers to the bytes of a dtype. Half types go through f32 and are rounded once. */
function putValues(values: Values, shape: readonly number[], dtype: Dtype): Tensor {
  if (dtype === 'bf16' || dtype === 'f16') {
    const wide = putValues(values, shape, 'f32')
    const half = ops.cast(wide, dtype)
    wide.dispose()
    return half
  }
  const n = values.length
  let array: ArrayBufferView
  if (dtype === 'f32')
    array = values instanceof Float32Array ? values : Float32Array.from({ length: n }, (_, i) => Number(values[i]))
  else if (dtype === 'f64')
    array = values instanceof Float64Array ? values : Float64Array.from({ length: n }, (_, i) => Number(values[i]))
  else if (dtype === 'i64')
    array =
      values instanceof BigInt64Array ? values : BigInt64Array.from({ length: n }, (_, i) => toInteger(values[i]!))
  else if (dtype === 'bool') array = Uint8Array.from({ length: n }, (_, i) => (Number(values[i]) !== 0 ? 1 : 0))
  else array = values instanceof Uint8Array ? values : Uint8Array.from({ length: n }, (_, i) => toByte(values[i]!))
  return putBytes(dtype, shape, new Uint8Array(array.buffer, array.byteOffset, array.byteLength))
}

function toInteger(value: number | bigint | boolean): bigint {
  if (typeof value === 'number' && !Number.isInteger(value))
    throw new DtypeError({
      what: 'tensor: a fraction cannot be an integer',
      expected: 'whole numbers for i64',
      received: String(value),
      fix: "leave the dtype out, or convert with .to('i64')",
    })
  const integer = BigInt(value)
  if (BigInt.asIntN(64, integer) !== integer) {
    throw new DtypeError({
      what: 'tensor: this integer is too large',
      expected: '-2^63 to 2^63 - 1 for i64',
      received: String(value),
    })
  }
  return integer
}

function toByte(value: number | bigint | boolean): number {
  const number = Number(value)
  if (!Number.isInteger(number) || number < 0 || number > 255)
    throw new DtypeError({
      what: 'tensor: this number is no byte',
      expected: '0 to 255 for u8',
      received: String(value),
    })
  return number
}

/** @internal A tensor of raw little-endian bytes. */
export function putBytes(
  dtype: Dtype,
  shape: readonly number[],
  bytes: Uint8Array,
  kind: number = KIND.activation,
): Tensor {
  return put(DTYPES.indexOf(dtype), shape, bytes, kind)
}

function made(t: Tensor, options: MakeOptions): Tensor {
  if (options.requiresGrad) t.requiresGrad = true
  return t
}

/** A tensor of one value. */
export function full(shape: readonly number[], value: number, options: MakeOptions = {}): Tensor {
  return made(ops.full(shape, value, options.dtype ?? 'f32'), options)
}

/** Zeros. */
export function zeros(shape: readonly number[], options: MakeOptions = {}): Tensor {
  return full(shape, 0, options)
}

/** Ones. */
export function ones(shape: readonly number[], options: MakeOptions = {}): Tensor {
  return full(shape, 1, options)
}

// What one typed array of 8-byte numbers holds in every supported Node.
const LONGEST = 2 ** 29

/**
 * `start, start + step, …` below `end`: whole numbers give i64, others f32. Options come last.
 * @example
 * lora.arange(4)                        // 0 1 2 3, i64
 * lora.arange(4, { dtype: 'f32' })
 * lora.arange(0, 1, 0.25)               // 0 0.25 0.5 0.75, f32
 */
export function arange(end: number, options?: MakeOptions): Tensor
export function arange(start: number, end: number | undefined, options?: MakeOptions): Tensor
export function arange(start: number, end: number | undefined, step: number | undefined, options?: MakeOptions): Tensor
export function arange(start: number, ...rest: readonly (number | MakeOptions | undefined)[]): Tensor {
  const last = rest.at(-1)
  const options = typeof last === 'object' && last !== null ? last : {}
  const [end, step = 1] = (last === options ? rest.slice(0, -1) : rest) as (number | undefined)[]
  const [from, to] = end === undefined ? [0, start] : [start, end]
  if (![from, to, step].every(Number.isFinite) || step === 0) {
    throw new OptionError({
      what: 'arange: start, end or step is not usable',
      expected: 'numbers, the step other than 0',
      received: [from, to, step].map((value) => (typeof value === 'object' ? 'an object' : String(value))).join(', '),
      fix: 'options come last: arange(0, 5, 1, { dtype })',
    })
  }
  const n = Math.max(0, Math.ceil((to - from) / step))
  if (!(n <= LONGEST)) {
    throw new MemoryError({
      what: 'arange: so many numbers can never fit',
      expected: `at most ${LONGEST}`,
      received: String(n),
    })
  }
  const dtype = options.dtype ?? ([from, to, step].every(Number.isInteger) ? 'i64' : 'f32')
  return tensor(
    Float64Array.from({ length: n }, (_, i) => from + i * step),
    { ...options, dtype },
  )
}

/** Uniform numbers in [0, 1). */
export function rand(shape: readonly number[], options: MakeOptions & { generator?: Generator } = {}): Tensor {
  return made(
    withGenerator(options.generator, () => ops.rand(shape, 0, 1, options.dtype ?? 'f32')),
    options,
  )
}

/** Normal numbers of mean 0 and variance 1. */
export function randn(shape: readonly number[], options: MakeOptions & { generator?: Generator } = {}): Tensor {
  return made(
    withGenerator(options.generator, () => ops.randn(shape, 0, 1, options.dtype ?? 'f32')),
    options,
  )
}

/** `a` where `cond` is true, else `b`. */
export function where(cond: Tensor, a: Tensor | number, b: Tensor | number): Tensor {
  const like = typeof a === 'number' ? (typeof b === 'number' ? 'f32' : b.dtype) : a.dtype
  const lift = (x: Tensor | number): Tensor => (typeof x === 'number' ? ops.full([], x, like) : x)
  return ops.where_(cond, lift(a), lift(b))
}

/** Joins tensors along a dimension. */
export function cat(tensors: readonly Tensor[], dim = 0): Tensor {
  return ops.cat(tensors, dim)
}

/** Joins tensors of one shape along a new dimension. */
export function stack(tensors: readonly Tensor[], dim = 0): Tensor {
  return ops.cat(
    tensors.map((t) => t.unsqueeze(dim)),
    dim,
  )
}
