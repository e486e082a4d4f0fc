import { DeviceError, MemoryError, OptionError } from '../errors.js'
import * as ops from '../generated/ops.js'
import { lift } from '../generated/tensor-methods.js'
import { bytesOf, fromNested, fromTyped } from './host-data.js'
import type { Values } from './host-data.js'
import { rememberRows } from './host-rows.js'
import { gatherBytes, putGathered } from '../native/host.js'
import { DTYPES, put } from '../native/record.js'
import type { OptionSchema } from '../runtime/check-options.js'
import { checkOptions } from '../runtime/check-options.js'
import { bad } from '../runtime/options.js'
import { withGenerator } from '../runtime/random.js'
import type { Generator } from '../runtime/random.js'
import { schemas } from '../runtime/tables.js'
import { fromId } from '../native/tensor.js'
import { KIND, bytesOfNumbers, checkDtype, isNarrow } from './dtype.js'
import type { Dtype } from './dtype.js'
import type { Tensor } from './tensor.js'
import type { Nested } from './values.js'

/** Options of the functions that make tensors. */
export interface MakeOptions {
  /** Element type. @default 'f32' */
  dtype?: Dtype
  /** Whether backward computes its gradient. @default false */
  requiresGrad?: boolean
}

/** Options of {@link tensor} and {@link tensorAsync}. */
export interface TensorOptions extends MakeOptions {
  /** Element type. @default what the data has: f32 for numbers, i64 for BigInts, bool for booleans, that of a typed array */
  dtype?: Dtype
  /** Sizes of the dimensions, outermost first. @integer @default those of the nested arrays; one dimension for a typed array */
  shape?: readonly number[]
}

/** Options of {@link rand} and {@link randn}. */
export interface RandomOptions extends MakeOptions {
  /** Where the random numbers come from. @default the generator of the current stream */
  generator?: Generator
}

/** As {@link checkOptions}, with errors of their own for the option `device` and for an unknown dtype. */
export function checkMake(owner: string, options: MakeOptions, schema: OptionSchema): void {
  if (typeof options === 'object' && options !== null && 'device' in options) {
    throw new DeviceError({
      what: `${owner}: a tensor has no device of its own`,
      expected: 'tensors on the one device of this process',
      received: `device: ${String(options.device)}`,
      fix: 'leave device out; LORALIB_DEVICE chooses it when the process starts',
    })
  }
  if (options?.dtype !== undefined) checkDtype(options.dtype)
  checkOptions(owner, options, schema)
}

/** Data that {@link tensor} accepts. */
export type TensorLike = Nested<number | bigint | boolean> | ArrayBufferView

/**
 * A tensor of the given data: nested arrays, or a typed array with a `shape`. Numbers give f32, booleans bool, BigInts i64; of typed arrays,
 * Float64Array gives f64, Uint8Array u8, other integer ones i64. The data is copied.
 * @nan data
 * @throws {ShapeError} for ragged arrays, and for data that does not fill the shape.
 */
export function tensor(data: TensorLike, options: TensorOptions = {}): Tensor {
  checkMake('tensor', options, schemas.TensorOptions)
  const { values, shape, dtype } = ArrayBuffer.isView(data)
    ? fromTyped(data, options.shape)
    : fromNested(data, options.shape)
  const wanted = options.dtype ?? dtype
  const made = putValues(values, shape, wanted)
  rememberRows(made, values)
  if (options.requiresGrad) made.requiresGrad = true
  return made
}

/** Makes a tensor of numbers. For bf16, f16 and blocks they are copied as f32 and rounded once. */
function putValues(values: Values, shape: readonly number[], dtype: Dtype): Tensor {
  return rounded(dtype, (wide) => putBytes(wide, shape, bytesOf(values, wide)))
}

function rounded(dtype: Dtype, make: (wide: Dtype) => Tensor): Tensor {
  if (!isNarrow(dtype)) return make(dtype)
  const wide = make('f32')
  const narrow = ops.cast(wide, dtype)
  wide.dispose()
  return narrow
}

/**
 * As {@link tensor}, for large typed arrays: the data is copied in pieces, between which the event loop runs, while `tensor` would block it (100 MB
 * can take a fifth of a second). The array must not change until the promise resolves.
 * @example
 * const features = await lora.tensorAsync(new Float32Array(file.buffer), { shape: [rows, 768] })
 * @throws {ShapeError} for data that does not fill the shape.
 */
export async function tensorAsync(data: ArrayBufferView, options: TensorOptions = {}): Promise<Tensor> {
  if (!ArrayBuffer.isView(data)) throw bad('tensorAsync', 'data', 'a typed array', data, 'nested arrays go to tensor()')
  checkMake('tensorAsync', options, schemas.TensorOptions)
  const { values, shape, dtype } = fromTyped(data, options.shape)
  const wanted = options.dtype ?? dtype
  const wide = isNarrow(wanted) ? 'f32' : wanted
  const size = bytesOfNumbers(wide, 1)
  const array = values as Float32Array
  const bytes = await gatherBytes(size * array.length, (from, to) =>
    bytesOf(array.subarray(from / size, to / size), wide),
  )
  const made = rounded(wanted, () => fromId(putGathered(bytes, DTYPES.indexOf(wide), shape, KIND.activation)))
  if (options.requiresGrad) made.requiresGrad = true
  return made
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

/**
 * A tensor filled with one value.
 * @nan value
 */
export function full(shape: readonly number[], value: number, options: MakeOptions = {}): Tensor {
  return filled('full', shape, value, options)
}

/** @throws {OptionError} for sizes given one by one, as in PyTorch. */
function checkSizes(owner: string, shape: unknown): void {
  if (Array.isArray(shape)) return
  const more = owner === 'full' ? ', value' : ''
  throw bad(owner, 'shape', 'an array of sizes', shape, `write ${owner}([2, 3]${more}), and [n] for one dimension`)
}

function filled(owner: string, shape: readonly number[], value: number, options: MakeOptions): Tensor {
  checkSizes(owner, shape)
  checkMake(owner, options, schemas.MakeOptions)
  return made(ops.full(shape, value, options.dtype ?? 'f32'), options)
}

/** A tensor of zeros. */
export function zeros(shape: readonly number[], options: MakeOptions = {}): Tensor {
  return filled('zeros', shape, 0, options)
}

/** A tensor of ones. */
export function ones(shape: readonly number[], options: MakeOptions = {}): Tensor {
  return filled('ones', shape, 1, options)
}

// The longest typed array of 8-byte numbers in every supported Node.
const LONGEST = 2 ** 29

/**
 * `start, start + step, …` below `end`: integers give i64, other numbers f32. Options come last.
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
  const [end, step = 1, ...more] = (last === options ? rest.slice(0, -1) : rest) as (number | undefined)[]
  const [from, to] = end === undefined ? [0, start] : [start, end]
  const isOdd = more.some((value) => value !== undefined)
  if (![from, to, step].every(Number.isFinite) || step === 0 || isOdd) {
    throw new OptionError({
      what: 'arange: start, end or step is not usable',
      expected: 'finite numbers, and a step other than 0',
      received: [from, to, step, ...more]
        .map((value) => (typeof value === 'object' ? 'an object' : String(value)))
        .join(', '),
      fix: 'options come last: arange(0, 5, 1, { dtype })',
    })
  }
  const n = Math.max(0, Math.ceil((to - from) / step))
  if (!(n <= LONGEST)) {
    throw new MemoryError({
      what: 'arange: the range has too many numbers',
      expected: `at most ${LONGEST}`,
      received: String(n),
      fix: 'make the range in pieces, or use a larger step',
    })
  }
  checkMake('arange', options, schemas.MakeOptions)
  const dtype = options.dtype ?? ([from, to, step].every(Number.isInteger) ? 'i64' : 'f32')
  const values = new Float64Array(n)
  for (let i = 0; i < n; i++) values[i] = from + i * step
  return tensor(values, { ...options, dtype })
}

/** Random numbers, uniform in [0, 1). */
export function rand(shape: readonly number[], options: RandomOptions = {}): Tensor {
  checkSizes('rand', shape)
  checkMake('rand', options, schemas.RandomOptions)
  return made(
    withGenerator(options.generator, () => ops.rand(shape, 0, 1, options.dtype ?? 'f32')),
    options,
  )
}

/** Random numbers, normal with mean 0 and variance 1. */
export function randn(shape: readonly number[], options: RandomOptions = {}): Tensor {
  checkSizes('randn', shape)
  checkMake('randn', options, schemas.RandomOptions)
  return made(
    withGenerator(options.generator, () => ops.randn(shape, 0, 1, options.dtype ?? 'f32')),
    options,
  )
}

/** `a` where `cond` is true, else `b`. */
export function where(cond: Tensor, a: Tensor | number, b: Tensor | number): Tensor {
  const dtype = typeof a === 'number' ? (typeof b === 'number' ? 'f32' : b.dtype) : a.dtype
  return ops.where_(cond, lift(a, dtype), lift(b, dtype))
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
