// Reading the data of tensors back from the engine.
import { IndexError, ShapeError } from '../errors.js'
import * as ops from '../generated/ops.js'
import { collect } from '../native/collect.js'
import { reportPinned } from '../native/handle.js'
import { LARGE_BYTES, readLarge, readSmall } from '../native/host.js'
import type { Dtype, Tensor } from './tensor.js'
import { bytesOfNumbers, isNarrow } from './dtype.js'

/** The result of `data()` by dtype: Float32Array also for bf16, f16 and blocks, BigInt64Array for i64, bytes 0 and 1 for bool. */
export type TensorData = Float32Array | Float64Array | BigInt64Array | Uint8Array

/** Nested arrays. */
export type Nested<T> = T | Nested<T>[]

/** The data of a tensor, copied at this point in the queue. */
export async function readData(tensor: Tensor): Promise<TensorData> {
  reportPinned()
  const narrow = isNarrow(tensor.dtype)
  const wide = narrow ? ops.cast(tensor.detach(), 'f32') : tensor
  const bytes = await readBytes(wide)
  if (narrow) wide.dispose()
  await collect()
  return typed(tensor.dtype, bytes)
}

/** As {@link readData}, of several f32, f64, i64 or bool tensors: if all are small, they are read in one call. */
export async function readAll(tensors: readonly Tensor[]): Promise<TensorData[]> {
  const sizes = tensors.map((tensor) => bytesOfNumbers(tensor.dtype, tensor.numel))
  if (sizes.some((size) => size >= LARGE_BYTES)) return Promise.all(tensors.map(readData))
  reportPinned()
  const parts = await readSmall(Float64Array.from(tensors, (tensor) => tensor.id))
  await collect()
  return parts.map((bytes, i) => typed(tensors[i]!.dtype, bytes))
}

async function readBytes(tensor: Tensor): Promise<Uint8Array> {
  if (bytesOfNumbers(tensor.dtype, tensor.numel) >= LARGE_BYTES) return readLarge(tensor.id)
  const [bytes] = await readSmall(Float64Array.of(tensor.id))
  return bytes!
}

/** As {@link readData}, of a tensor with one element. */
export async function readOnly(tensor: Tensor): Promise<TensorData> {
  if (tensor.numel !== 1) {
    throw new ShapeError({
      what: 'item: only a tensor with one element has an item',
      expected: '1 element',
      received: `shape (${tensor.shape.join(', ')})`,
      fix: 'reduce it, pick an element with at(), or use data()',
    })
  }
  return readData(tensor)
}

/** A value as a number. @throws {IndexError} for an integer that a number cannot represent exactly. */
export function safeNumber(value: number | bigint): number {
  const number = Number(value)
  if (typeof value === 'bigint' && !Number.isSafeInteger(number)) {
    throw new IndexError({
      what: 'item: this integer is not a safe JavaScript number',
      received: String(value),
      fix: 'read it with itemBigInt()',
      expected: 'an integer within ±2^53, which a number represents exactly',
    })
  }
  return number
}

/** Flat data as nested arrays of a shape. */
export function nest(data: TensorData, shape: readonly number[], dtype: Dtype): Nested<number | bigint | boolean> {
  const value = (i: number): number | bigint | boolean => {
    const x = data[i]!
    if (dtype === 'bool') return x !== 0
    return typeof x === 'bigint' && Number.isSafeInteger(Number(x)) ? Number(x) : x
  }
  const build = (dim: number, offset: number, extent: number): Nested<number | bigint | boolean> => {
    if (dim === shape.length) return value(offset)
    const size = shape[dim]!
    const step = extent / size
    return Array.from({ length: size }, (_, i) => build(dim + 1, offset + i * step, step))
  }
  return build(0, 0, data.length)
}

function typed(dtype: Dtype, bytes: Uint8Array): TensorData {
  // A small Buffer may be an unaligned part of a shared block.
  const whole = bytes.byteOffset === 0 && bytes.byteLength === bytes.buffer.byteLength
  const { buffer, byteOffset, byteLength } = whole ? bytes : Uint8Array.from(bytes)
  if (dtype === 'f64') return new Float64Array(buffer, byteOffset, byteLength / 8)
  if (dtype === 'i64') return new BigInt64Array(buffer, byteOffset, byteLength / 8)
  if (dtype === 'u8' || dtype === 'bool') return new Uint8Array(buffer, byteOffset, byteLength)
  return new Float32Array(buffer, byteOffset, byteLength / 4)
}
