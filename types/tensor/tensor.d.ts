/// <reference lib="esnext.disposable" />
// Generated from src/tensor/tensor.ts by `npm run api`. Do not edit.

import { HookHandle } from './hook-handle.js'
import type { BackwardOptions, GradientHook } from './backward.js'
import type { Index } from './indexing.js'
import type { Lazy } from '../native/lazy.js'
import type { Dtype } from './dtype.js'
import { Ordering } from './ordering.js'
import type { Nested, TensorData } from './values.js'
export type { Dtype } from './dtype.js'
/**
 * A multi-dimensional array, row-major. Operations are recorded and run in order on the engine's thread: shape, dtype and errors in either are
 * known at once; values are read with `await t.item()`, `t.data()` or `t.tolist()`.
 *
 * Methods whose name ends in `_` change the tensor in place.
 */
export declare class Tensor extends Ordering {
  #private
  /** Sizes of the dimensions, outermost first. */
  readonly shape: readonly number[]
  /** Element type. */
  readonly dtype: Dtype
  /** Whether a module lists it as a parameter. */
  isParameter: boolean
  /** Whether it was disposed of or released. */
  get isDisposed(): boolean
  /** Frees the numbers, unless backward still needs them. Does nothing the second time. */
  dispose(): void
  [Symbol.dispose](): void
  /** Where the process computes. */
  get device(): string
  /** How often the numbers were changed in place. */
  get version(): number
  /** Whether a gradient flows to it. Can be set on leaves. */
  get requiresGrad(): boolean
  set requiresGrad(on: boolean)
  /** Sets `requiresGrad`; returns the tensor. */
  requiresGrad_(on?: boolean): this
  /** Whether no recorded operation made it. */
  get isLeaf(): boolean
  /** Its gradient after backward, or null. Setting null frees it. */
  get grad(): Tensor | null
  set grad(grad: Tensor | null)
  /** Whether there is a gradient, without making a tensor for it. */
  get hasGrad(): boolean
  /** Keeps the gradient of a tensor that is no leaf. */
  retainGrad(): void
  /**
   * Calls `hook` with the gradient of this tensor in every later backward: with the whole gradient of that backward, before it is added to
   * `grad` or goes on. What the hook returns takes its place; it must have the same shape and dtype. Hooks run in the order in which they
   * were registered, without recording. One on a result goes with its graph.
   * @throws {GradError} `ERR_LORA_GRAD` when the tensor needs no gradient.
   */
  registerHook(hook: GradientHook): HookHandle
  /** The numbers, row-major, copied. */
  data(): Promise<TensorData>
  /** The only number; 0 or 1 for bool. @throws {ShapeError} when there are more; {@link IndexError} for an integer beyond 2^53. */
  item(): Promise<number>
  /** The only number of an integer tensor. */
  itemBigInt(): Promise<bigint>
  /** The numbers as nested arrays: numbers, and booleans for bool. Integers beyond 2^53 come as BigInt. */
  tolist(): Promise<Nested<number | bigint | boolean>>
  /**
   * Sends gradients back to every leaf that requires one, and frees the graph. Await it to wait for the numbers and learn of failures; a loop
   * that awaits its loss or its step needs not.
   */
  backward(gradient?: Tensor | null, options?: BackwardOptions): Lazy
  /** The same numbers without a graph; shares them. */
  detach(): Tensor
  /** An independent copy, in the graph. */
  clone(): Tensor
  /** The same numbers in another dtype; the tensor itself when it has it already. */
  to(dtype: Dtype): Tensor
  /** Python's `x[i, a:b, None, ...]`: numbers, `[start, stop, step?]` with null for an open end, `null` for a new dimension, `'...'`. */
  at(...index: Index[]): Tensor
  toString(): string
}
