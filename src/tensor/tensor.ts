import { nameClass } from '../runtime/check-options.js'
import { inspect } from 'node:util'
import { HookHandle } from './hook-handle.js'
import { attachHook, detachHook, runBackward } from './backward.js'
import type { BackwardOptions, GradientHook } from './backward.js'
import * as ops from '../generated/ops.js'
import { indexed } from './indexing.js'
import type { Index } from './indexing.js'
import { letGo, release, releaseAll, watch } from '../native/handle.js'
import type { Guard } from '../native/handle.js'
import type { Lazy } from '../native/lazy.js'
import { deviceName } from '../native/engine.js'
import { DTYPES, disposed, dtypeNumber } from '../native/record.js'
import * as engine from '../native/tensor.js'
import { registerTensorClass } from '../native/wrap.js'
import { adopt } from './scope.js'
import { KIND, checkDtype } from './dtype.js'
import type { Dtype } from './dtype.js'
import { Ordering } from './ordering.js'
import { nest, readData, readOnly, safeNumber } from './values.js'
import type { Nested, TensorData } from './values.js'

export type { Dtype } from './dtype.js'

/**
 * A multi-dimensional array, row-major. Operations are recorded and run in order on the engine's thread: shape, dtype and errors in either are
 * known at once; values are read with `await t.item()`, `t.data()` or `t.tolist()`.
 *
 * Methods whose name ends in `_` change the tensor in place.
 */
export class Tensor extends Ordering {
  /** Sizes of the dimensions, outermost first. */
  readonly shape: readonly number[]
  /** Element type. */
  readonly dtype: Dtype
  /** Whether a module lists it as a parameter. */
  isParameter = false
  /** @internal The frame end that it outlives, by number. */
  keptAt = 0
  readonly #id: number
  /** Once the garbage collector decides when it ends. */
  #guard: Guard | null = null
  #releasedBy: string | null = null

  /** @internal A borrowed one is for whoever makes it to release. */
  constructor(id: number, dtype: number, shape: readonly number[], borrowed = false) {
    super()
    this.shape = shape
    this.dtype = DTYPES[dtype]!
    this.#id = id
    if (!borrowed && !adopt(this)) this.watch()
  }

  /** @internal Number of the tensor in the engine. */
  get id(): number {
    if (this.#releasedBy !== null) throw disposed(this.#releasedBy)
    return this.#id
  }

  /** @internal Leaves its end to the garbage collector; up to here a frame decides. */
  watch(): void {
    if (this.#guard === null && this.#releasedBy === null) this.#guard = watch(this.#id)
  }

  /** @internal Whether no frame decides when it ends. */
  get isWatched(): boolean {
    return this.#guard !== null
  }

  /** Whether it was disposed of or released. */
  get isDisposed(): boolean {
    return this.#releasedBy !== null
  }

  /** @internal Frees it in the name of a forward or scope. */
  release(by: string): void {
    if (this.#releasedBy !== null) return
    this.#releasedBy = by
    if (this.#guard === null) return release(this.#id)
    letGo(this.#id)
    this.#guard = null
  }

  /** @internal Releases those that {@link borrowGrads} made, in one call. */
  static returnGrads(borrowed: readonly (Tensor | null)[]): void {
    const ids = new Float64Array(borrowed.length)
    let n = 0
    for (const grad of borrowed) {
      if (grad === null || grad.#releasedBy !== null) continue
      if (grad.#guard !== null) grad.release('')
      else {
        grad.#releasedBy = ''
        ids[n++] = grad.#id
      }
    }
    releaseAll(ids.subarray(0, n))
  }

  /** Frees the numbers, unless backward still needs them. Does nothing the second time. */
  dispose(): void {
    this.release('')
  }

  [Symbol.dispose](): void {
    this.dispose()
  }

  // ---- what is known at once ----------------------------------------------------------------------------------------

  /** Where the process computes. */
  get device(): string {
    return deviceName()
  }

  /** How often the numbers were changed in place. */
  get version(): number {
    return engine.version(this.id)
  }

  /** Whether a gradient flows to it. Can be set on leaves. */
  get requiresGrad(): boolean {
    return engine.requiresGrad(this.id)
  }

  set requiresGrad(on: boolean) {
    engine.setRequiresGrad(this.id, on)
    if (this.isParameter) engine.setKind(this.id, on ? KIND.adapter : KIND.base)
  }

  /** Sets `requiresGrad`; returns the tensor. */
  requiresGrad_(on = true): this {
    this.requiresGrad = on
    return this
  }

  /** Whether no recorded operation made it. */
  get isLeaf(): boolean {
    return engine.isLeaf(this.id)
  }

  /** Its gradient after backward, or null. Setting null frees it. */
  get grad(): Tensor | null {
    const id = engine.grad(this.id)
    if (id === 0) {
      this.#grad = null
      return null
    }
    const known = this.#grad?.deref()
    if (known && !known.isDisposed && known.id === id) {
      release(id)
      return known
    }
    const grad = engine.fromId(id)
    this.#grad = new WeakRef(grad)
    return grad
  }

  set grad(grad: Tensor | null) {
    engine.setGrad(this.id, grad === null ? 0 : grad.id)
    this.#grad = grad === null ? null : new WeakRef(grad)
  }

  #grad: WeakRef<Tensor> | null = null

  /** Whether there is a gradient, without making a tensor for it. */
  get hasGrad(): boolean {
    return engine.hasGrad(this.id)
  }

  /** Keeps the gradient of a tensor that is no leaf. */
  retainGrad(): void {
    engine.retainGrad(this.id)
  }

  /**
   * Calls `hook` with the gradient of this tensor in every later backward: with the whole gradient of that backward, before it is added to
   * `grad` or goes on. What the hook returns takes its place; it must have the same shape and dtype. Hooks run in the order in which they
   * were registered, without recording. One on a result goes with its graph.
   * @throws {GradError} `ERR_LORA_GRAD` when the tensor needs no gradient.
   */
  registerHook(hook: GradientHook): HookHandle {
    const number = attachHook(this, hook)
    return new HookHandle(() => detachHook(number))
  }

  // ---- values ---------------------------------------------------------------------------------------------------------

  /** The numbers, row-major, copied. */
  async data(): Promise<TensorData> {
    return readData(this)
  }

  /** The only number; 0 or 1 for bool. @throws {ShapeError} when there are more; {@link IndexError} for an integer beyond 2^53. */
  async item(): Promise<number> {
    return safeNumber((await readOnly(this))[0]!)
  }

  /** The only number of an integer tensor. */
  async itemBigInt(): Promise<bigint> {
    return BigInt((await readOnly(this))[0]!)
  }

  /** The numbers as nested arrays: numbers, and booleans for bool. Integers beyond 2^53 come as BigInt. */
  async tolist(): Promise<Nested<number | bigint | boolean>> {
    return nest(await readData(this), this.shape, this.dtype)
  }

  // ---- gradients --------------------------------------------------------------------------------------------------------

  /**
   * Sends gradients back to every leaf that requires one, and frees the graph. Await it to wait for the numbers and learn of failures; a loop
   * that awaits its loss or its step needs not.
   */
  backward(gradient?: Tensor | null, options: BackwardOptions = {}): Lazy {
    return runBackward(this, gradient ?? null, options)
  }

  /** The same numbers without a graph; shares them. */
  detach(): Tensor {
    return engine.detach(this.id)
  }

  /** An independent copy, in the graph. */
  clone(): Tensor {
    return ops.clone(this)
  }

  /** The same numbers in another dtype; the tensor itself when it has it already. */
  to(dtype: Dtype): Tensor {
    checkDtype(dtype)
    return dtype === this.dtype ? this : ops.cast(this, dtype)
  }

  /** Python's `x[i, a:b, None, ...]`: numbers, `[start, stop, step?]` with null for an open end, `null` for a new dimension, `'...'`. */
  at(...index: Index[]): Tensor {
    return indexed(this, index)
  }

  override toString(): string {
    if (this.isDisposed) return 'Tensor(disposed)'
    return `Tensor(${this.shape.join(', ')}) ${this.dtype}${this.requiresGrad ? ' requiresGrad' : ''}`
  }

  /** @internal */
  [inspect.custom](): string {
    return this.toString()
  }
}

registerTensorClass(Tensor)
nameClass('Tensor', Tensor)

/**
 * @internal Wrappers for the gradients of parameters, null where there is none, in one call for all. Whoever borrows them must give them back with
 * `Tensor.returnGrads`. Gradients have the shape of their tensor, and its type in full precision.
 */
export function borrowGrads(params: readonly Tensor[]): (Tensor | null)[] {
  const ids = new Float64Array(params.length)
  for (let i = 0; i < params.length; i++) ids[i] = params[i]!.id
  engine.replaceByGrads(ids)
  return params.map(({ dtype, shape }, i) => {
    return ids[i] === 0 ? null : new Tensor(ids[i]!, dtypeNumber(dtype === 'f64' ? 'f64' : 'f32'), shape, true)
  })
}
