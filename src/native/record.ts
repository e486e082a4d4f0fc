// Passes one op to Rust: plain numbers in one scratch buffer, so that recording costs about a microsecond.
import { env } from './env.js'
import { DeviceError, DisposedError, DtypeError, OptionError, ThreadError } from '../errors.js'
import type { Tensor } from '../tensor/tensor.js'
import { call, markStack, revive } from './call.js'
import { native } from './load.js'
import { selectStreamToRecord } from './current-stream.js'
import { wrap, wrapDescribed } from './wrap.js'

/** Element types by their number in Rust. */
export const DTYPES = [
  'f32',
  'f64',
  'bf16',
  'f16',
  'i64',
  'u8',
  'bool',
  'q4_0',
  'q4_1',
  'q5_0',
  'q5_1',
  'q8_0',
  'q2_k',
  'q3_k',
  'q4_k',
  'q5_k',
  'q6_k',
] as const

let scratch = new Float64Array(512)
let at = 0
let start = 0

/** A tensor of raw little-endian bytes; `dtype` by number. */
export function put(dtype: number, shape: readonly number[], bytes: Uint8Array, kind: number): Tensor {
  selectStreamToRecord()
  const id = call(() => native.put(dtype, Float64Array.from(shape), bytes, kind))
  return wrap(id, dtype, [...shape])
}

/** Bytes of an element, by the number of its type; those behind are blocks. */
export const SIZES = [4, 8, 2, 2, 8, 1, 1]

/** Values and bytes of a block, by the number of its type less those of {@link SIZES}. */
export const BLOCKS = [
  [32, 18],
  [32, 20],
  [32, 22],
  [32, 24],
  [32, 34],
  [256, 84],
  [256, 110],
  [256, 144],
  [256, 176],
  [256, 210],
] as const

/** The buffer in which results come back. */
export function scratchBuffer(): Float64Array {
  return scratch
}

export function begin(): void {
  at = 1
  start = 0
}

function push(value: number): void {
  // Results come back in the same buffer, so some length is always left for them.
  if (at + 64 >= scratch.length) {
    const larger = new Float64Array(scratch.length * 2)
    larger.set(scratch)
    scratch = larger
  }
  scratch[at++] = value
}

/** What an op is recorded on: a tensor as the engine knows it. */
export interface Operand {
  readonly id: number
  readonly shape: readonly number[]
  readonly dtype: (typeof DTYPES)[number]
}

export function input(tensor: Operand | null): void {
  push(tensor === null ? 0 : idOf(tensor))
}

export function list(tensors: readonly Operand[]): void {
  for (const tensor of tensors) push(idOf(tensor))
}

function idOf(tensor: Operand): number {
  const id: unknown = (tensor as Operand | undefined)?.id
  if (typeof id === 'number') return id
  throw noTensor(tensor)
}

/** Whether a value is what postMessage makes of a tensor: with shape and dtype, but without data, which belongs to the thread that made it. */
export function isForeign(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'shape' in value && 'dtype' in value
}

/** The error for a tensor of another thread, or of another copy of this package. */
export function foreign(value?: unknown): ThreadError {
  // What is sent to another thread arrives as a plain object.
  const isOfOtherCopy = typeof value === 'object' && value?.constructor?.name === 'Tensor'
  return new ThreadError({
    what: isOfOtherCopy ? 'this tensor belongs to another copy of loralib' : 'this tensor belongs to another thread',
    expected: isOfOtherCopy ? 'a tensor made by this copy' : 'a tensor made in this thread',
    received: isOfOtherCopy
      ? 'one of another copy in this process'
      : 'a copy of a Tensor, as postMessage and structuredClone make it',
    fix: isOfOtherCopy
      ? 'see `npm ls loralib` and install one version for all; or pass the data, await t.data(), and make a tensor of it here'
      : 'send the data, postMessage(await t.data()), and make a tensor of it here',
  })
}

function noTensor(value: unknown): ThreadError | OptionError {
  if (isForeign(value)) return foreign(value)
  return new OptionError({
    what: 'an input is not a tensor',
    expected: 'a Tensor',
    received: String(value),
    fix: 'wrap numbers with lora.tensor(…)',
  })
}

/** Ends the inputs and begins the attributes. */
export function attributes(): void {
  scratch[0] = at - 1
  start = at
  push(0)
}

export function lists(tensors: readonly Operand[]): void {
  push(tensors.length)
}

export function num(value: number): void {
  push(value)
}

export function bool(value: boolean): void {
  push(value ? 1 : 0)
}

export function dims(values: readonly number[]): void {
  if (!Array.isArray(values)) {
    throw new OptionError({
      what: 'a shape or list of dimensions is not an array',
      expected: 'an array of integers',
      received: String(values),
      fix: 'write [2, 3], and [n] for one dimension',
    })
  }
  push(values.length)
  for (const value of values) push(value)
}

/** A list of numbers. */
export function nums(values: readonly number[]): void {
  push(values.length)
  for (const value of values) push(value)
}

export function dtype(name: (typeof DTYPES)[number]): void {
  push(dtypeNumber(name))
}

/** The number of a dtype in Rust. @throws {DtypeError} for an unknown name. */
export function dtypeNumber(name: unknown): number {
  const number = (DTYPES as readonly unknown[]).indexOf(name)
  if (number >= 0) return number
  if (/^(cpu|cuda|gpu|mps)\b/.test(String(name))) {
    throw new DeviceError({
      what: 'a tensor has no device of its own',
      expected: `tensors on the one device of this process; a dtype is one of ${DTYPES.join(', ')}`,
      received: String(name),
      fix: 'LORALIB_DEVICE chooses the device when the process starts',
    })
  }
  throw new DtypeError({
    what: 'no such dtype',
    expected: DTYPES.join(', '),
    received: String(name),
    fix: 'use one of these names; float32 is f32, long is i64',
  })
}

function run(op: number, above: (op: number) => unknown): void {
  scratch[start] = at - start - 1
  try {
    selectStreamToRecord()
    if (env.callSites) markStack(above)
    native.record(op, scratch)
  } catch (error) {
    throw revive(error, above)
  }
}

/** Records the op and wraps its result. */
export function one(op: number): Tensor {
  run(op, one)
  return wrapDescribed(scratch, 1)
}

/** Records an op with two results. */
export function pair(op: number): [Tensor, Tensor] {
  run(op, pair)
  return [wrapDescribed(scratch, 1), wrapDescribed(scratch, 4 + scratch[3]!)]
}

/** Records an op with three results. */
export function triple(op: number): [Tensor, Tensor, Tensor] {
  run(op, triple)
  const second = 4 + scratch[3]!
  return [
    wrapDescribed(scratch, 1),
    wrapDescribed(scratch, second),
    wrapDescribed(scratch, second + 3 + scratch[second + 2]!),
  ]
}

/** Records an op that changes its inputs. */
export function none(op: number): void {
  run(op, none)
}

/** The error for a tensor that was released; `by` names what released it, empty for dispose(). */
export function disposed(by: string): DisposedError {
  if (by === '') {
    return new DisposedError({
      what: 'this tensor was disposed of',
      expected: 'a live tensor',
      received: 'a tensor after dispose()',
      fix: 'use it before dispose(); clone() makes an independent copy',
    })
  }
  return new DisposedError({
    what: `this tensor was released when ${by} ended`,
    expected: 'a tensor that outlives the call',
    received: `an intermediate result of ${by}`,
    fix: 'return it, store it in a field of the module, or wrap it in lora.keep(t)',
  })
}
