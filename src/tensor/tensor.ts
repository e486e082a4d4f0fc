import { nameClass } from '../runtime/check-options.js'
import { inspect } from 'node:util'
import { OptionError } from '../errors.js'
import { dimList, sizeList } from '../native/arguments.js'
import { deviceName } from '../native/engine.js'
import { TensorMethods } from '../generated/tensor-methods.js'
import * as ops from '../generated/ops.js'
import { letGo, release, releaseAll, watch } from '../native/handle.js'
import type { Guard } from '../native/handle.js'
import type { Lazy } from '../native/lazy.js'
import { DTYPES, disposed, dtypeNumber } from '../native/record.js'
import * as engine from '../native/tensor.js'
import { registerTensorClass } from '../native/wrap.js'
import * as arithmetic from './arithmetic.js'
import { attachHook, detachHook, runBackward } from './backward.js'
import type { BackwardOptions, GradientHook } from './backward.js'
import { dimension, product } from './dims.js'
import { KIND, checkDtype } from './dtype.js'
import type { Dtype } from './dtype.js'
import * as dynamic from './dynamic.js'
import type { AllcloseOptions } from './dynamic.js'
import * as elementwise from './elementwise.js'
import { HookHandle } from './hook-handle.js'
import { indexed } from './indexing.js'
import type { Index } from './indexing.js'
import { vectorNorm } from './norm.js'
import * as ordering from './ordering.js'
import type { MultinomialOptions, SortOptions, TopkOptions } from './ordering.js'
import * as rearrangement from './rearrangement.js'
import * as reductions from './reductions.js'
import type { VarianceOptions } from './reductions.js'
import { adopt } from './scope.js'
import * as selection from './selection.js'
import * as shapes from './shapes.js'
import { nest, readData, readOnly, safeNumber } from './values.js'
import type { Nested, TensorData } from './values.js'

export type { Dtype } from './dtype.js'

/**
 * A multi-dimensional array, row-major. Operations are recorded and run in order on the engine's thread: shape, dtype and errors in either are
 * known at once; values are read with `await t.item()`, `t.data()` or `t.tolist()`.
 *
 * Methods whose name ends in `_` change the tensor in place.
 */
export class Tensor extends TensorMethods {
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

  /** What `using` calls at the end of its block: as `dispose()`. */
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
  data(): Promise<TensorData> {
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

  /**
   * The tensor itself. Every tensor lies in memory row by row and without gaps: what is a strided view in PyTorch, as after `transpose`, is a copy here.
   * So there is never anything to do; the method is there for code that comes from PyTorch.
   */
  contiguous(): this {
    void this.id
    return this
  }

  /** True: every tensor lies in memory row by row and without gaps. See {@link contiguous}. */
  isContiguous(): boolean {
    void this.id
    return true
  }

  /** The same numbers in another dtype; the tensor itself when it has it already. */
  to(dtype: Dtype): Tensor {
    checkDtype(dtype)
    return dtype === this.dtype ? this : ops.cast(this, dtype)
  }

  // ---- shape ------------------------------------------------------------------------------------------------------------

  /** Number of dimensions. */
  get ndim(): number {
    return this.shape.length
  }

  /** Number of elements. */
  get numel(): number {
    return product(this.shape)
  }

  /** All sizes, as `shape` has them. */
  size(): readonly number[]
  /** The size of one dimension. @throws {IndexError} `ERR_LORA_INDEX` when there is no such dimension. */
  size(dim: number): number
  size(dim?: number): number | readonly number[] {
    return dim === undefined ? this.shape : this.shape[dimension(this, dim)]!
  }

  /**
   * The dimensions from `start` to `end`, both included, as one; the numbers are shared.
   *
   * Shapes: `x (A, B, C)` with start 1 → `(A, B · C)`; a scalar gives `(1)`.
   * @throws {IndexError} `ERR_LORA_INDEX` when there is no such dimension.
   */
  flatten(start = 0, end = -1): Tensor {
    return shapes.flatten(this, start, end)
  }

  /**
   * A new dimension of size 1 in front of dimension `dim`, counted in the result; the numbers are shared.
   *
   * Shapes: `x (A, B)` with dim 1 → `(A, 1, B)`; -1 adds it at the end.
   * @throws {IndexError} `ERR_LORA_INDEX` when the result has no such dimension.
   */
  unsqueeze(dim: number): Tensor {
    return shapes.unsqueeze(this, dim)
  }

  /**
   * Without a dimension of size 1, or without all of them; the numbers are shared. A dimension of another size stays.
   *
   * Shapes: `x (A, 1, B, 1)` → `(A, B)`; with dim 1 `(A, B, 1)`.
   * @throws {IndexError} `ERR_LORA_INDEX` when there is no such dimension.
   */
  squeeze(dim?: number): Tensor {
    return shapes.squeeze(this, dim)
  }

  /**
   * With two dimensions swapped.
   *
   * Shapes: `x (A, B, C)` with 1 and 2 → `(A, C, B)`.
   * @throws {IndexError} `ERR_LORA_INDEX` when there is no such dimension.
   */
  transpose(a: number, b: number): Tensor {
    return shapes.transpose(this, a, b)
  }

  /**
   * The transposed matrix.
   *
   * Shapes: `x (M, N)` → `(N, M)`; a vector or a scalar stays as it is.
   * @throws {ShapeError} `ERR_LORA_SHAPE` for more than 2 dimensions.
   */
  t(): Tensor {
    return shapes.t(this)
  }

  /**
   * The `length` slices from `start` on, along a dimension. A negative `start` counts from the end.
   *
   * Shapes: `x (..., N, ...)` with N along `dim` → `(..., length, ...)`.
   * @throws {IndexError} `ERR_LORA_INDEX` when there is no such dimension, or it has fewer.
   */
  narrow(dim: number, start: number, length: number): Tensor {
    return shapes.narrow(this, dim, start, length)
  }

  /**
   * Cut into pieces of the given sizes, or of one size, along a dimension; of one size the last piece may be smaller.
   *
   * Shapes: `x (..., N, ...)` with N along `dim` → `(..., sizes[i], ...)` for each piece.
   * @throws {ShapeError} `ERR_LORA_SHAPE` when the sizes do not add up to N; {@link IndexError} when there is no such dimension.
   */
  split(sizes: number | readonly number[], dim = 0): Tensor[] {
    return shapes.split(this, sizes, dim)
  }

  /**
   * Cut into `count` pieces along a dimension, or fewer when it does not divide: all of one size, but for a smaller last one.
   *
   * Shapes: `x (..., N, ...)` with N along `dim` → `(..., ⌈N / count⌉, ...)` for each piece.
   * @throws {OptionError} `ERR_LORA_OPTION` when the count is no whole number above 0; {@link IndexError} when there is no such dimension.
   */
  chunk(count: number, dim = 0): Tensor[] {
    return shapes.chunk(this, count, dim)
  }

  /**
   * The slices along a dimension, each without it.
   *
   * Shapes: `x (N, ...)` with dim 0 → N tensors `(...)`.
   * @throws {IndexError} `ERR_LORA_INDEX` when there is no such dimension; {@link ShapeError} for a scalar.
   */
  unbind(dim = 0): Tensor[] {
    return shapes.unbind(this, dim)
  }

  // ---- rearranged --------------------------------------------------------------------------------------------------------

  /**
   * Copies of the whole tensor side by side, so many along each dimension; counts in front of those of `x` add dimensions.
   *
   * Shapes: `x (A, B)` with 2, 3 → `(2 · A, 3 · B)`.
   * @throws {ShapeError} `ERR_LORA_SHAPE` for fewer counts than dimensions, or one that is no whole number of 0 or more.
   */
  repeat(...sizes: number[] | [readonly number[]]): Tensor {
    return rearrangement.repeat(this, sizeList(sizes))
  }

  /**
   * As {@link Tensor.repeat}; counts that are missing in front are 1.
   *
   * Shapes: `x (A, B)` with 3 → `(A, 3 · B)`.
   * @throws {ShapeError} `ERR_LORA_SHAPE` for a count that is no whole number of 0 or more.
   */
  tile(...sizes: number[] | [readonly number[]]): Tensor {
    return rearrangement.tile(this, sizeList(sizes))
  }

  /**
   * Each element so many times in a row, along a dimension or in the flattened tensor. A list has a count for each index of the dimension.
   *
   * Shapes: `x (..., N, ...)` with N along `dim` → `(..., sum of the counts, ...)`.
   * @throws {OptionError} `ERR_LORA_OPTION` for counts that are no whole numbers, or not N of them; {@link IndexError} for another dimension.
   */
  repeatInterleave(repeats: number | readonly number[], dim?: number): Tensor {
    return rearrangement.repeatInterleave(this, repeats, dim)
  }

  /**
   * In reverse order along the given dimensions.
   *
   * Shapes: `x (...)` → `(...)`, as `x`.
   * @throws {OptionError} `ERR_LORA_OPTION` when a dimension is named twice, and for a scalar; {@link IndexError} when there is no such dimension.
   */
  flip(...dims: number[] | [readonly number[]]): Tensor {
    return rearrangement.flip(this, sizeList(dims))
  }

  /**
   * Shifted by so many steps along each given dimension, or in the flattened tensor; what leaves one end comes in at the other.
   *
   * Shapes: `x (...)` → `(...)`, as `x`.
   * @throws {OptionError} `ERR_LORA_OPTION` unless there is a whole number for each dimension; {@link IndexError} when there is no such dimension.
   */
  roll(shifts: number | readonly number[], dims?: number | readonly number[]): Tensor {
    return rearrangement.roll(this, shifts, dims)
  }

  /**
   * The upper triangle of the last two dimensions: the numbers on and above a diagonal, others 0. A positive `diagonal` lies above the main one.
   *
   * Shapes: `x (..., M, N)` → as `x`.
   * @throws {ShapeError} `ERR_LORA_SHAPE` for fewer than 2 dimensions; {@link OptionError} when `diagonal` is no whole number.
   */
  triu(diagonal = 0): Tensor {
    return rearrangement.triu(this, diagonal)
  }

  /**
   * The lower triangle of the last two dimensions: the numbers on and below a diagonal, others 0. A positive `diagonal` lies above the main one.
   *
   * Shapes: `x (..., M, N)` → as `x`.
   * @throws {ShapeError} `ERR_LORA_SHAPE` for fewer than 2 dimensions; {@link OptionError} when `diagonal` is no whole number.
   */
  tril(diagonal = 0): Tensor {
    return rearrangement.tril(this, diagonal)
  }

  /**
   * The diagonal of two dimensions, as the last one. A positive `offset` lies above the main diagonal.
   *
   * Shapes: `x (M, N, ...)` → `(..., min(M, N))`.
   * @throws {OptionError} `ERR_LORA_OPTION` when both are the same dimension, or `offset` is no whole number; {@link IndexError} for another dimension.
   */
  diagonal(offset = 0, dim1 = 0, dim2 = 1): Tensor {
    return rearrangement.diagonal(this, offset, dim1, dim2)
  }

  /**
   * Of a vector: the matrix with it on a diagonal, others 0. Of a matrix: its diagonal.
   *
   * Shapes: `x (N)` → `(N + |offset|, N + |offset|)`; `x (M, N)` → `(min(M, N))`.
   * @throws {ShapeError} `ERR_LORA_SHAPE` for other shapes; {@link OptionError} when `offset` is no whole number.
   */
  diag(offset = 0): Tensor {
    return rearrangement.diag(this, offset)
  }

  // ---- arithmetic --------------------------------------------------------------------------------------------------------

  /**
   * `x + other`, element by element.
   *
   * Shapes: `x` and `other` broadcast to the shape of the result.
   * @throws {ShapeError} `ERR_LORA_SHAPE` when the shapes do not broadcast; {@link DtypeError} when the dtypes differ, for truth values, and for a
   *   fraction beside integers.
   */
  add(other: Tensor | number): Tensor {
    return arithmetic.add(this, other)
  }

  /**
   * `x - other`, element by element.
   *
   * Shapes: `x` and `other` broadcast to the shape of the result.
   * @throws {ShapeError} as {@link Tensor.add}, and {@link DtypeError}.
   */
  sub(other: Tensor | number): Tensor {
    return arithmetic.sub(this, other)
  }

  /**
   * `x * other`, element by element.
   *
   * Shapes: `x` and `other` broadcast to the shape of the result.
   * @throws {ShapeError} as {@link Tensor.add}, and {@link DtypeError}.
   */
  mul(other: Tensor | number): Tensor {
    return arithmetic.mul(this, other)
  }

  /**
   * `x` to the power `exponent`, element by element.
   *
   * Shapes: `x` and `exponent` broadcast to the shape of the result.
   * @throws {ShapeError} `ERR_LORA_SHAPE` when the shapes do not broadcast; {@link DtypeError} when the dtypes differ, and for integers.
   */
  pow(exponent: Tensor | number): Tensor {
    return arithmetic.pow(this, exponent)
  }

  /**
   * Linear interpolation: `x + weight · (end - x)`.
   *
   * Shapes: `x`, `end` and `weight` broadcast to the shape of the result.
   * @throws {ShapeError} as {@link Tensor.add}, and {@link DtypeError}.
   */
  lerp(end: Tensor, weight: Tensor | number): Tensor {
    return arithmetic.lerp(this, end, weight)
  }

  /**
   * `x + value · a · b`.
   *
   * Shapes: `x`, `a` and `b` broadcast to the shape of the result.
   * @throws {ShapeError} as {@link Tensor.add}, and {@link DtypeError}.
   */
  addcmul(a: Tensor, b: Tensor, value = 1): Tensor {
    return this.add(a.mul(b).mul(value))
  }

  /**
   * `x + value · a / b`.
   *
   * Shapes: `x`, `a` and `b` broadcast to the shape of the result.
   * @throws {ShapeError} as {@link Tensor.add}; {@link DtypeError} when the dtypes differ, and for integers.
   */
  addcdiv(a: Tensor, b: Tensor, value = 1): Tensor {
    return this.add(a.div(b).mul(value))
  }

  /**
   * The product of two matrices.
   *
   * Shapes: `x (N, K)`, `other (K, M)` → `(N, M)`.
   * @throws {ShapeError} `ERR_LORA_SHAPE` when either is no matrix, or the inner sizes differ; {@link DtypeError} when the dtypes differ.
   */
  mm(other: Tensor): Tensor {
    return arithmetic.mm(this, other)
  }

  /**
   * The products of two batches of matrices.
   *
   * Shapes: `x (B, N, K)`, `other (B, K, M)` → `(B, N, M)`.
   * @throws {ShapeError} `ERR_LORA_SHAPE` for other ranks, batches or inner sizes; {@link DtypeError} when the dtypes differ.
   */
  bmm(other: Tensor): Tensor {
    return arithmetic.bmm(this, other)
  }

  /**
   * The sum of the products of two vectors.
   *
   * Shapes: `x (N)`, `other (N)` → `()`.
   * @throws {ShapeError} `ERR_LORA_SHAPE` unless both are vectors of one length; {@link DtypeError} when the dtypes differ.
   */
  dot(other: Tensor): Tensor {
    return arithmetic.dot(this, other)
  }

  /**
   * All products of the elements of two vectors.
   *
   * Shapes: `x (N)`, `other (M)` → `(N, M)`.
   * @throws {ShapeError} `ERR_LORA_SHAPE` unless both are vectors; {@link DtypeError} when the dtypes differ.
   */
  outer(other: Tensor): Tensor {
    return arithmetic.outer(this, other)
  }

  /**
   * Adds `other`; returns `x`.
   *
   * Shapes: `other` broadcasts to the shape of `x`.
   * @throws {ShapeError} `ERR_LORA_SHAPE` when `other` does not broadcast to `x`; {@link DtypeError} when the dtypes differ, and for integers;
   *   {@link GradError} for a leaf that requires a gradient, unless it is called in `noGrad`.
   */
  add_(other: Tensor | number): this {
    return arithmetic.addInPlace(this, other)
  }

  /**
   * Subtracts `other`; returns `x`.
   *
   * Shapes: `other` broadcasts to the shape of `x`.
   * @throws {ShapeError} as {@link Tensor.add_}, {@link DtypeError}, and {@link GradError}.
   */
  sub_(other: Tensor | number): this {
    return arithmetic.subInPlace(this, other)
  }

  /**
   * Multiplies by `other`; returns `x`.
   *
   * Shapes: `other` broadcasts to the shape of `x`.
   * @throws {ShapeError} as {@link Tensor.add_}, {@link DtypeError}, and {@link GradError}.
   */
  mul_(other: Tensor | number): this {
    return arithmetic.mulInPlace(this, other)
  }

  /**
   * GELU, `x · Φ(x)`: exact, or with the tanh approximation of GPT-2.
   *
   * Shapes: `x (...)` → `(...)`, as `x`.
   * @throws {OptionError} `ERR_LORA_OPTION` for another approximation; {@link DtypeError} for integers.
   */
  gelu(approximate: 'none' | 'tanh' = 'none'): Tensor {
    return elementwise.gelu(this, approximate)
  }

  /**
   * True where `x` is an infinity of either sign; never, for integers and truth values.
   *
   * Shapes: `x (...)` → `(...)`, as `x`.
   */
  isinf(): Tensor {
    return elementwise.isinf(this)
  }

  /**
   * True where `x` is neither NaN nor an infinity; everywhere, for integers and truth values.
   *
   * Shapes: `x (...)` → `(...)`, as `x`.
   */
  isfinite(): Tensor {
    return elementwise.isfinite(this)
  }

  // ---- reductions --------------------------------------------------------------------------------------------------------

  /**
   * Variance over dimensions, or over all: the sum of squared distances from the mean, divided by the number of elements less `correction`.
   *
   * Shapes: `dims` are dropped, or kept with size 1 when `keepdim` is true; null means all of them.
   * @throws {DtypeError} `ERR_LORA_DTYPE` for integers; {@link IndexError} for another dimension, {@link OptionError} for one named twice.
   */
  var(dims?: number | readonly number[] | null, options: VarianceOptions = {}): Tensor {
    return reductions.variance(this, dims, options)
  }

  /**
   * Standard deviation: the square root of {@link Tensor.var}.
   *
   * Shapes: `dims` are dropped, or kept with size 1 when `keepdim` is true; null means all of them.
   * @throws {DtypeError} as {@link Tensor.var}, {@link IndexError}, and {@link OptionError}.
   */
  std(dims?: number | readonly number[] | null, options: VarianceOptions = {}): Tensor {
    return this.var(dims, options).sqrt()
  }

  /**
   * The index of the largest along a dimension, the first of equal ones, as i64; without a dimension that in the flattened tensor.
   *
   * Shapes: `dim` is dropped, or kept with size 1 when `keepdim` is true; without a dimension `()`.
   * @throws {DtypeError} `ERR_LORA_DTYPE` for integers; {@link IndexError} for another dimension, {@link ShapeError} for one of size 0.
   */
  argmax(dim?: number | null, keepdim = false): Tensor {
    return reductions.argmax(this, dim, keepdim)
  }

  /**
   * The index of the smallest along a dimension, the first of equal ones, as i64; without a dimension that in the flattened tensor.
   *
   * Shapes: `dim` is dropped, or kept with size 1 when `keepdim` is true; without a dimension `()`.
   * @throws {DtypeError} `ERR_LORA_DTYPE` for integers; {@link IndexError} for another dimension, {@link ShapeError} for one of size 0.
   */
  argmin(dim?: number | null, keepdim = false): Tensor {
    return reductions.argmin(this, dim, keepdim)
  }

  /**
   * Whether an element is not 0, over dimensions or over all, as bool.
   *
   * Shapes: `dims` are dropped, or kept with size 1 when `keepdim` is true; null means all of them.
   * @throws {IndexError} `ERR_LORA_INDEX` when there is no such dimension; {@link OptionError} for one named twice.
   */
  any(dims?: number | readonly number[] | null, keepdim = false): Tensor {
    return reductions.any(this, dims, keepdim)
  }

  /**
   * Whether no element is 0, over dimensions or over all, as bool.
   *
   * Shapes: `dims` are dropped, or kept with size 1 when `keepdim` is true; null means all of them.
   * @throws {IndexError} `ERR_LORA_INDEX` when there is no such dimension; {@link OptionError} for one named twice.
   */
  all(dims?: number | readonly number[] | null, keepdim = false): Tensor {
    return reductions.all(this, dims, keepdim)
  }

  /**
   * Product along a dimension, or of all numbers; that of integers and truth values is i64.
   *
   * Shapes: `dim` is dropped, or kept with size 1 when `keepdim` is true; without a dimension `()`.
   * @throws {IndexError} `ERR_LORA_INDEX` when there is no such dimension.
   */
  prod(dim?: number | null, keepdim = false): Tensor {
    return reductions.prod(this, dim, keepdim)
  }

  /**
   * Running product along a dimension; that of integers and truth values is i64.
   *
   * Shapes: `x (...)` → `(...)`, as `x`.
   * @throws {IndexError} `ERR_LORA_INDEX` when there is no such dimension.
   */
  cumprod(dim: number): Tensor {
    return reductions.cumprod(this, dim)
  }

  /**
   * `(Σ |x|^p)^(1/p)` over dimensions or over all: `'fro'` is 2, `Infinity` the largest, `-Infinity` the smallest magnitude, 0 the number of
   * elements that are not 0. The gradient is 0 where all that is summed is 0.
   *
   * Shapes: `dims` are dropped, or kept with size 1 when `keepdim` is true; null means all of them.
   * @throws {OptionError} `ERR_LORA_OPTION` for another `p`; {@link DtypeError} for integers; {@link IndexError} when there is no such dimension.
   */
  norm(p: number | 'fro' = 'fro', dims?: number | readonly number[] | null, keepdim = false): Tensor {
    return vectorNorm(this, p, dimList(dims), keepdim)
  }

  // ---- order: NaN is larger than every number -----------------------------------------------------------------------------

  /**
   * The values in order along a dimension, and the indices that they came from. Equal values keep their order.
   *
   * Shapes: `x (...)` → values and indices (i64) `(...)`, as `x`.
   * @throws {IndexError} `ERR_LORA_INDEX` when there is no such dimension.
   */
  sort(dim = -1, options: SortOptions = {}): [values: Tensor, indices: Tensor] {
    return ordering.sort(this, dim, options)
  }

  /**
   * The indices that {@link Tensor.sort} takes the values from, as i64.
   *
   * Shapes: `x (...)` → `(...)`, as `x`.
   * @throws {IndexError} `ERR_LORA_INDEX` when there is no such dimension.
   */
  argsort(dim = -1, options: SortOptions = {}): Tensor {
    return this.sort(dim, options)[1]
  }

  /**
   * The `k` largest values along a dimension, the largest first, and their indices; with `largest: false` the smallest.
   *
   * Shapes: `x (..., N, ...)` with N along `dim` → values and indices (i64) `(..., k, ...)`.
   * @throws {OptionError} `ERR_LORA_OPTION` when `k` is no whole number from 0 to N; {@link IndexError} when there is no such dimension.
   */
  topk(k: number, dim = -1, options: TopkOptions = {}): [values: Tensor, indices: Tensor] {
    return ordering.topk(this, k, dim, options)
  }

  /**
   * The `k`-th smallest value along a dimension (the smallest is the first), and its index.
   *
   * Shapes: `dim` is dropped, or kept with size 1 when `keepdim` is true.
   * @throws {OptionError} `ERR_LORA_OPTION` when `k` is no whole number from 1 to the size; {@link IndexError} for another dimension,
   *   {@link ShapeError} for one of size 0.
   */
  kthvalue(k: number, dim = -1, keepdim = false): [values: Tensor, indices: Tensor] {
    return ordering.kthvalue(this, k, dim, keepdim)
  }

  /**
   * The median of all numbers: the lower of the two in the middle; NaN when there is one.
   * @throws {ShapeError} `ERR_LORA_SHAPE` when there are no numbers.
   */
  median(): Tensor
  /**
   * The median along a dimension, and its index.
   *
   * Shapes: `dim` is dropped, or kept with size 1 when `keepdim` is true.
   * @throws {ShapeError} `ERR_LORA_SHAPE` for a dimension of size 0; {@link IndexError} when there is no such dimension.
   */
  median(dim: number, keepdim?: boolean): [values: Tensor, indices: Tensor]
  median(dim?: number, keepdim = false): Tensor | [values: Tensor, indices: Tensor] {
    return dim === undefined ? ordering.median(this.reshape(-1), 0, false)[0] : ordering.median(this, dim, keepdim)
  }

  /**
   * `count` categories of each row, drawn by weight: i64 (count) or (rows, count). Weights are finite and not negative, and need not sum to 1.
   *
   * The same seed gives the same draws. A row with a bad weight, or with fewer weights above 0 than draws without replacement, is an
   * {@link OptionError} when the result is read.
   *
   * Shapes: `x (N)` → `(count)`; `x (rows, N)` → `(rows, count)`.
   * @throws {OptionError} `ERR_LORA_OPTION` when more than N are drawn without replacement; {@link ShapeError} for other shapes.
   */
  multinomial(count: number, options: MultinomialOptions = {}): Tensor {
    return ordering.multinomial(this, count, options)
  }

  // ---- by index or mask --------------------------------------------------------------------------------------------------

  /**
   * Python's `x[i, a:b, None, ...]`: numbers, `[start, stop, step?]` with null for an open end, `null` for a new dimension, `'...'`.
   *
   * Shapes: a number drops its dimension, null adds one of size 1, the others take what they name.
   * @throws {IndexError} `ERR_LORA_INDEX` for a number outside the dimension, and for more indexes than dimensions.
   */
  at(...index: Index[]): Tensor {
    return indexed(this, index)
  }

  /**
   * A copy of `x` with `source` written at `index` along a dimension; of equal indexes the last stays.
   *
   * Shapes: `index` and `source` are alike, with the sizes of `x` but for `dim` → as `x`.
   * @throws {ShapeError} `ERR_LORA_SHAPE` when the shapes do not fit; {@link DtypeError} when `index` is not i64, or the dtypes of `x` and `source`
   *   differ; {@link IndexError} for another dimension, and for an index outside `x` when a result is read.
   */
  scatter(dim: number, index: Tensor, source: Tensor | number): Tensor {
    return selection.scatter(this, dim, index, source)
  }

  /**
   * A copy of `x` with `value` in the slices along a dimension that `index` names.
   *
   * Shapes: `index (K)` → as `x`.
   * @throws {DtypeError} `ERR_LORA_DTYPE` when `index` is not i64, or the dtype cannot hold `value`; {@link IndexError} for another dimension, and
   *   for an index outside `x` when a result is read.
   */
  indexFill(dim: number, index: Tensor, value: number): Tensor {
    return selection.indexFill(this, dim, index, value)
  }

  /**
   * A copy of `x` with the numbers of `source`, in their order, where `mask` is true.
   *
   * A source with fewer numbers than the mask has true elements is an {@link IndexError}, at the latest when the result is read.
   *
   * Shapes: `mask` broadcasts to the shape of `x`; `source` has any → as `x`.
   * @throws {OptionError} `ERR_LORA_OPTION` for a source without numbers; {@link ShapeError} when the mask does not broadcast to the tensor.
   */
  maskedScatter(mask: Tensor, source: Tensor): Tensor {
    return selection.maskedScatter(this, mask, source)
  }

  // ---- results that are known only when the numbers are there: async -------------------------------------------------------

  /** The indices of all elements that are not 0, row by row. Shapes: `x (...)` → i64 `(count, ndim)`. */
  nonzero(): Promise<Tensor> {
    return dynamic.nonzero(this)
  }

  /**
   * The elements where `mask` is true, as a vector; they keep their gradient. The numbers are those of the call, whatever changes later.
   *
   * Shapes: `mask` broadcasts to the shape of `x` → `(count)`.
   * @throws {DtypeError} `ERR_LORA_DTYPE` when the mask is not bool; {@link ShapeError} when it does not broadcast to the tensor.
   */
  maskedSelect(mask: Tensor): Promise<Tensor> {
    return dynamic.maskedSelect(this, mask)
  }

  /**
   * The different values, from small to large; for each element of the tensor the index of its value among them; and how often each value
   * occurs. NaN differs from every NaN.
   *
   * Shapes: `x (...)` → `values (count)`, `inverse (...)` as `x`, `counts (count)`.
   */
  unique(): Promise<{ values: Tensor; inverse: Tensor; counts: Tensor }> {
    return dynamic.unique(this)
  }

  /** Whether shape and numbers are the same; NaN equals nothing. @throws {DtypeError} `ERR_LORA_DTYPE` when the dtypes differ. */
  equal(other: Tensor): Promise<boolean> {
    return dynamic.equal(this, other)
  }

  /**
   * Whether `|x - other| <= atol + rtol · |other|` everywhere, broadcast; infinities are close to themselves only. Integers are compared
   * as f64.
   * @throws {ShapeError} `ERR_LORA_SHAPE` when the shapes do not broadcast; {@link DtypeError} when the dtypes differ.
   */
  allclose(other: Tensor, options: AllcloseOptions = {}): Promise<boolean> {
    return dynamic.allclose(this, other, options)
  }

  // ---- as text -----------------------------------------------------------------------------------------------------------

  /** Shape, dtype and whether it requires a gradient; no numbers. */
  override toString(): string {
    if (this.isDisposed) return 'Tensor(disposed)'
    return `Tensor(${this.shape.join(', ')}) ${this.dtype}${this.requiresGrad ? ' requiresGrad' : ''}`
  }

  /**
   * @internal What JavaScript's operators ask for: they cannot be those of tensors, and `a + b` must not join two texts.
   * @throws {OptionError} in an operator or a function of numbers.
   */
  [Symbol.toPrimitive](hint: string): string {
    if (hint === 'string') return this.toString()
    throw new OptionError({
      what: 'a tensor stands beside an operator of JavaScript',
      expected: 'methods: a.add(b), a.sub(b), a.mul(b), a.div(b), a.lt(b), a.gt(b), a.eq(b)',
      received: `${this.toString()} as a ${hint === 'number' ? 'number' : 'number or text'}, as in a + b, a < 1 or Math.max(a)`,
      fix: 'call the method of the operator; await a.item() gives the number, and `${a}` the text',
    })
  }

  /** @internal What `console.log` prints. */
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
