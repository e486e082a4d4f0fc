// Generated from src/tensor/make.ts by `npm run api`. Do not edit.

import type { Generator } from '../runtime/random.js'
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
/** Data that {@link tensor} accepts. */
export type TensorLike = Nested<number | bigint | boolean> | ArrayBufferView
/**
 * A tensor of the given data: nested arrays, or a typed array with a `shape`. Numbers give f32, booleans bool, BigInts i64; of typed arrays,
 * Float64Array gives f64, Uint8Array u8, other integer ones i64. The data is copied.
 * @nan data
 * @throws {ShapeError} for ragged arrays, and for data that does not fill the shape.
 */
export declare function tensor(data: TensorLike, options?: TensorOptions): Tensor
/**
 * As {@link tensor}, for large typed arrays: the data is copied in pieces, between which the event loop runs, while `tensor` would block it (100 MB
 * can take a fifth of a second). The array must not change until the promise resolves.
 * @example
 * const features = await lora.tensorAsync(new Float32Array(file.buffer), { shape: [rows, 768] })
 * @throws {ShapeError} for data that does not fill the shape.
 */
export declare function tensorAsync(data: ArrayBufferView, options?: TensorOptions): Promise<Tensor>
/**
 * A tensor filled with one value.
 * @nan value
 */
export declare function full(shape: readonly number[], value: number, options?: MakeOptions): Tensor
/** A tensor of zeros. */
export declare function zeros(shape: readonly number[], options?: MakeOptions): Tensor
/** A tensor of ones. */
export declare function ones(shape: readonly number[], options?: MakeOptions): Tensor
/**
 * `start, start + step, …` below `end`: integers give i64, other numbers f32. Options come last.
 * @example
 * lora.arange(4)                        // 0 1 2 3, i64
 * lora.arange(4, { dtype: 'f32' })
 * lora.arange(0, 1, 0.25)               // 0 0.25 0.5 0.75, f32
 */
export declare function arange(end: number, options?: MakeOptions): Tensor
export declare function arange(start: number, end: number | undefined, options?: MakeOptions): Tensor
export declare function arange(
  start: number,
  end: number | undefined,
  step: number | undefined,
  options?: MakeOptions,
): Tensor
/** Random numbers, uniform in [0, 1). */
export declare function rand(shape: readonly number[], options?: RandomOptions): Tensor
/** Random numbers, normal with mean 0 and variance 1. */
export declare function randn(shape: readonly number[], options?: RandomOptions): Tensor
/** `a` where `cond` is true, else `b`. */
export declare function where(cond: Tensor, a: Tensor | number, b: Tensor | number): Tensor
/** Joins tensors along a dimension. */
export declare function cat(tensors: readonly Tensor[], dim?: number): Tensor
/** Joins tensors of one shape along a new dimension. */
export declare function stack(tensors: readonly Tensor[], dim?: number): Tensor
