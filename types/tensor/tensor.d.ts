/// <reference lib="esnext.disposable" />
// Generated from src/tensor/tensor.ts by `npm run api`. Do not edit.

import { TensorMethods } from '../generated/tensor-methods.js'
import type { Lazy } from '../native/lazy.js'
import type { BackwardOptions, GradientHook } from './backward.js'
import type { Dtype } from './dtype.js'
import type { AllcloseOptions } from './dynamic.js'
import { HookHandle } from './hook-handle.js'
import type { Index } from './indexing.js'
import type { MultinomialOptions, SortOptions, TopkOptions } from './ordering.js'
import type { VarianceOptions } from './reductions.js'
import type { Nested, TensorData } from './values.js'
export type { Dtype } from './dtype.js'
/**
 * A multi-dimensional array, row-major. Operations are recorded and run in order on the engine's thread: shape, dtype and errors in either are
 * known at once; values are read with `await t.item()`, `t.data()` or `t.tolist()`.
 *
 * Methods whose name ends in `_` change the tensor in place.
 */
export declare class Tensor extends TensorMethods {
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
  /** What `using` calls at the end of its block: as `dispose()`. */
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
  /**
   * The tensor itself. Every tensor lies in memory row by row and without gaps: what is a strided view in PyTorch, as after `transpose`, is a copy here.
   * So there is never anything to do; the method is there for code that comes from PyTorch.
   */
  contiguous(): this
  /** True: every tensor lies in memory row by row and without gaps. See {@link contiguous}. */
  isContiguous(): boolean
  /** The same numbers in another dtype; the tensor itself when it has it already. */
  to(dtype: Dtype): Tensor
  /** Number of dimensions. */
  get ndim(): number
  /** Number of elements. */
  get numel(): number
  /** All sizes, as `shape` has them. */
  size(): readonly number[]
  /** The size of one dimension. @throws {IndexError} `ERR_LORA_INDEX` when there is no such dimension. */
  size(dim: number): number
  /**
   * The dimensions from `start` to `end`, both included, as one; the numbers are shared.
   *
   * Shapes: `x (A, B, C)` with start 1 → `(A, B · C)`; a scalar gives `(1)`.
   * @throws {IndexError} `ERR_LORA_INDEX` when there is no such dimension.
   */
  flatten(start?: number, end?: number): Tensor
  /**
   * A new dimension of size 1 in front of dimension `dim`, counted in the result; the numbers are shared.
   *
   * Shapes: `x (A, B)` with dim 1 → `(A, 1, B)`; -1 adds it at the end.
   * @throws {IndexError} `ERR_LORA_INDEX` when the result has no such dimension.
   */
  unsqueeze(dim: number): Tensor
  /**
   * Without a dimension of size 1, or without all of them; the numbers are shared. A dimension of another size stays.
   *
   * Shapes: `x (A, 1, B, 1)` → `(A, B)`; with dim 1 `(A, B, 1)`.
   * @throws {IndexError} `ERR_LORA_INDEX` when there is no such dimension.
   */
  squeeze(dim?: number): Tensor
  /**
   * With two dimensions swapped.
   *
   * Shapes: `x (A, B, C)` with 1 and 2 → `(A, C, B)`.
   * @throws {IndexError} `ERR_LORA_INDEX` when there is no such dimension.
   */
  transpose(a: number, b: number): Tensor
  /**
   * The transposed matrix.
   *
   * Shapes: `x (M, N)` → `(N, M)`; a vector or a scalar stays as it is.
   * @throws {ShapeError} `ERR_LORA_SHAPE` for more than 2 dimensions.
   */
  t(): Tensor
  /**
   * The `length` slices from `start` on, along a dimension. A negative `start` counts from the end.
   *
   * Shapes: `x (..., N, ...)` with N along `dim` → `(..., length, ...)`.
   * @throws {IndexError} `ERR_LORA_INDEX` when there is no such dimension, or it has fewer.
   */
  narrow(dim: number, start: number, length: number): Tensor
  /**
   * Cut into pieces of the given sizes, or of one size, along a dimension; of one size the last piece may be smaller.
   *
   * Shapes: `x (..., N, ...)` with N along `dim` → `(..., sizes[i], ...)` for each piece.
   * @throws {ShapeError} `ERR_LORA_SHAPE` when the sizes do not add up to N; {@link IndexError} when there is no such dimension.
   */
  split(sizes: number | readonly number[], dim?: number): Tensor[]
  /**
   * Cut into `count` pieces along a dimension, or fewer when it does not divide: all of one size, but for a smaller last one.
   *
   * Shapes: `x (..., N, ...)` with N along `dim` → `(..., ⌈N / count⌉, ...)` for each piece.
   * @throws {OptionError} `ERR_LORA_OPTION` when the count is no whole number above 0; {@link IndexError} when there is no such dimension.
   */
  chunk(count: number, dim?: number): Tensor[]
  /**
   * The slices along a dimension, each without it.
   *
   * Shapes: `x (N, ...)` with dim 0 → N tensors `(...)`.
   * @throws {IndexError} `ERR_LORA_INDEX` when there is no such dimension; {@link ShapeError} for a scalar.
   */
  unbind(dim?: number): Tensor[]
  /**
   * Copies of the whole tensor side by side, so many along each dimension; counts in front of those of `x` add dimensions.
   *
   * Shapes: `x (A, B)` with 2, 3 → `(2 · A, 3 · B)`.
   * @throws {ShapeError} `ERR_LORA_SHAPE` for fewer counts than dimensions, or one that is no whole number of 0 or more.
   */
  repeat(...sizes: number[] | [readonly number[]]): Tensor
  /**
   * As {@link Tensor.repeat}; counts that are missing in front are 1.
   *
   * Shapes: `x (A, B)` with 3 → `(A, 3 · B)`.
   * @throws {ShapeError} `ERR_LORA_SHAPE` for a count that is no whole number of 0 or more.
   */
  tile(...sizes: number[] | [readonly number[]]): Tensor
  /**
   * Each element so many times in a row, along a dimension or in the flattened tensor. A list has a count for each index of the dimension.
   *
   * Shapes: `x (..., N, ...)` with N along `dim` → `(..., sum of the counts, ...)`.
   * @throws {OptionError} `ERR_LORA_OPTION` for counts that are no whole numbers, or not N of them; {@link IndexError} for another dimension.
   */
  repeatInterleave(repeats: number | readonly number[], dim?: number): Tensor
  /**
   * In reverse order along the given dimensions.
   *
   * Shapes: `x (...)` → `(...)`, as `x`.
   * @throws {OptionError} `ERR_LORA_OPTION` when a dimension is named twice, and for a scalar; {@link IndexError} when there is no such dimension.
   */
  flip(...dims: number[] | [readonly number[]]): Tensor
  /**
   * Shifted by so many steps along each given dimension, or in the flattened tensor; what leaves one end comes in at the other.
   *
   * Shapes: `x (...)` → `(...)`, as `x`.
   * @throws {OptionError} `ERR_LORA_OPTION` unless there is a whole number for each dimension; {@link IndexError} when there is no such dimension.
   */
  roll(shifts: number | readonly number[], dims?: number | readonly number[]): Tensor
  /**
   * The upper triangle of the last two dimensions: the numbers on and above a diagonal, others 0. A positive `diagonal` lies above the main one.
   *
   * Shapes: `x (..., M, N)` → as `x`.
   * @throws {ShapeError} `ERR_LORA_SHAPE` for fewer than 2 dimensions; {@link OptionError} when `diagonal` is no whole number.
   */
  triu(diagonal?: number): Tensor
  /**
   * The lower triangle of the last two dimensions: the numbers on and below a diagonal, others 0. A positive `diagonal` lies above the main one.
   *
   * Shapes: `x (..., M, N)` → as `x`.
   * @throws {ShapeError} `ERR_LORA_SHAPE` for fewer than 2 dimensions; {@link OptionError} when `diagonal` is no whole number.
   */
  tril(diagonal?: number): Tensor
  /**
   * The diagonal of two dimensions, as the last one. A positive `offset` lies above the main diagonal.
   *
   * Shapes: `x (M, N, ...)` → `(..., min(M, N))`.
   * @throws {OptionError} `ERR_LORA_OPTION` when both are the same dimension, or `offset` is no whole number; {@link IndexError} for another dimension.
   */
  diagonal(offset?: number, dim1?: number, dim2?: number): Tensor
  /**
   * Of a vector: the matrix with it on a diagonal, others 0. Of a matrix: its diagonal.
   *
   * Shapes: `x (N)` → `(N + |offset|, N + |offset|)`; `x (M, N)` → `(min(M, N))`.
   * @throws {ShapeError} `ERR_LORA_SHAPE` for other shapes; {@link OptionError} when `offset` is no whole number.
   */
  diag(offset?: number): Tensor
  /**
   * `x + other`, element by element.
   *
   * Shapes: `x` and `other` broadcast to the shape of the result.
   * @throws {ShapeError} `ERR_LORA_SHAPE` when the shapes do not broadcast; {@link DtypeError} when the dtypes differ, for truth values, and for a
   *   fraction beside integers.
   */
  add(other: Tensor | number): Tensor
  /**
   * `x - other`, element by element.
   *
   * Shapes: `x` and `other` broadcast to the shape of the result.
   * @throws {ShapeError} as {@link Tensor.add}, and {@link DtypeError}.
   */
  sub(other: Tensor | number): Tensor
  /**
   * `x * other`, element by element.
   *
   * Shapes: `x` and `other` broadcast to the shape of the result.
   * @throws {ShapeError} as {@link Tensor.add}, and {@link DtypeError}.
   */
  mul(other: Tensor | number): Tensor
  /**
   * `x` to the power `exponent`, element by element.
   *
   * Shapes: `x` and `exponent` broadcast to the shape of the result.
   * @throws {ShapeError} `ERR_LORA_SHAPE` when the shapes do not broadcast; {@link DtypeError} when the dtypes differ, and for integers.
   */
  pow(exponent: Tensor | number): Tensor
  /**
   * Linear interpolation: `x + weight · (end - x)`.
   *
   * Shapes: `x`, `end` and `weight` broadcast to the shape of the result.
   * @throws {ShapeError} as {@link Tensor.add}, and {@link DtypeError}.
   */
  lerp(end: Tensor, weight: Tensor | number): Tensor
  /**
   * `x + value · a · b`.
   *
   * Shapes: `x`, `a` and `b` broadcast to the shape of the result.
   * @throws {ShapeError} as {@link Tensor.add}, and {@link DtypeError}.
   */
  addcmul(a: Tensor, b: Tensor, value?: number): Tensor
  /**
   * `x + value · a / b`.
   *
   * Shapes: `x`, `a` and `b` broadcast to the shape of the result.
   * @throws {ShapeError} as {@link Tensor.add}; {@link DtypeError} when the dtypes differ, and for integers.
   */
  addcdiv(a: Tensor, b: Tensor, value?: number): Tensor
  /**
   * The product of two matrices.
   *
   * Shapes: `x (N, K)`, `other (K, M)` → `(N, M)`.
   * @throws {ShapeError} `ERR_LORA_SHAPE` when either is no matrix, or the inner sizes differ; {@link DtypeError} when the dtypes differ.
   */
  mm(other: Tensor): Tensor
  /**
   * The products of two batches of matrices.
   *
   * Shapes: `x (B, N, K)`, `other (B, K, M)` → `(B, N, M)`.
   * @throws {ShapeError} `ERR_LORA_SHAPE` for other ranks, batches or inner sizes; {@link DtypeError} when the dtypes differ.
   */
  bmm(other: Tensor): Tensor
  /**
   * The sum of the products of two vectors.
   *
   * Shapes: `x (N)`, `other (N)` → `()`.
   * @throws {ShapeError} `ERR_LORA_SHAPE` unless both are vectors of one length; {@link DtypeError} when the dtypes differ.
   */
  dot(other: Tensor): Tensor
  /**
   * All products of the elements of two vectors.
   *
   * Shapes: `x (N)`, `other (M)` → `(N, M)`.
   * @throws {ShapeError} `ERR_LORA_SHAPE` unless both are vectors; {@link DtypeError} when the dtypes differ.
   */
  outer(other: Tensor): Tensor
  /**
   * Adds `other`; returns `x`.
   *
   * Shapes: `other` broadcasts to the shape of `x`.
   * @throws {ShapeError} `ERR_LORA_SHAPE` when `other` does not broadcast to `x`; {@link DtypeError} when the dtypes differ, and for integers;
   *   {@link GradError} for a leaf that requires a gradient, unless it is called in `noGrad`.
   */
  add_(other: Tensor | number): this
  /**
   * Subtracts `other`; returns `x`.
   *
   * Shapes: `other` broadcasts to the shape of `x`.
   * @throws {ShapeError} as {@link Tensor.add_}, {@link DtypeError}, and {@link GradError}.
   */
  sub_(other: Tensor | number): this
  /**
   * Multiplies by `other`; returns `x`.
   *
   * Shapes: `other` broadcasts to the shape of `x`.
   * @throws {ShapeError} as {@link Tensor.add_}, {@link DtypeError}, and {@link GradError}.
   */
  mul_(other: Tensor | number): this
  /**
   * GELU, `x · Φ(x)`: exact, or with the tanh approximation of GPT-2.
   *
   * Shapes: `x (...)` → `(...)`, as `x`.
   * @throws {OptionError} `ERR_LORA_OPTION` for another approximation; {@link DtypeError} for integers.
   */
  gelu(approximate?: 'none' | 'tanh'): Tensor
  /**
   * True where `x` is an infinity of either sign; never, for integers and truth values.
   *
   * Shapes: `x (...)` → `(...)`, as `x`.
   */
  isinf(): Tensor
  /**
   * True where `x` is neither NaN nor an infinity; everywhere, for integers and truth values.
   *
   * Shapes: `x (...)` → `(...)`, as `x`.
   */
  isfinite(): Tensor
  /**
   * Variance over dimensions, or over all: the sum of squared distances from the mean, divided by the number of elements less `correction`.
   *
   * Shapes: `dims` are dropped, or kept with size 1 when `keepdim` is true; null means all of them.
   * @throws {DtypeError} `ERR_LORA_DTYPE` for integers; {@link IndexError} for another dimension, {@link OptionError} for one named twice.
   */
  var(dims?: number | readonly number[] | null, options?: VarianceOptions): Tensor
  /**
   * Standard deviation: the square root of {@link Tensor.var}.
   *
   * Shapes: `dims` are dropped, or kept with size 1 when `keepdim` is true; null means all of them.
   * @throws {DtypeError} as {@link Tensor.var}, {@link IndexError}, and {@link OptionError}.
   */
  std(dims?: number | readonly number[] | null, options?: VarianceOptions): Tensor
  /**
   * The index of the largest along a dimension, the first of equal ones, as i64; without a dimension that in the flattened tensor.
   *
   * Shapes: `dim` is dropped, or kept with size 1 when `keepdim` is true; without a dimension `()`.
   * @throws {DtypeError} `ERR_LORA_DTYPE` for integers; {@link IndexError} for another dimension, {@link ShapeError} for one of size 0.
   */
  argmax(dim?: number | null, keepdim?: boolean): Tensor
  /**
   * The index of the smallest along a dimension, the first of equal ones, as i64; without a dimension that in the flattened tensor.
   *
   * Shapes: `dim` is dropped, or kept with size 1 when `keepdim` is true; without a dimension `()`.
   * @throws {DtypeError} `ERR_LORA_DTYPE` for integers; {@link IndexError} for another dimension, {@link ShapeError} for one of size 0.
   */
  argmin(dim?: number | null, keepdim?: boolean): Tensor
  /**
   * Whether an element is not 0, over dimensions or over all, as bool.
   *
   * Shapes: `dims` are dropped, or kept with size 1 when `keepdim` is true; null means all of them.
   * @throws {IndexError} `ERR_LORA_INDEX` when there is no such dimension; {@link OptionError} for one named twice.
   */
  any(dims?: number | readonly number[] | null, keepdim?: boolean): Tensor
  /**
   * Whether no element is 0, over dimensions or over all, as bool.
   *
   * Shapes: `dims` are dropped, or kept with size 1 when `keepdim` is true; null means all of them.
   * @throws {IndexError} `ERR_LORA_INDEX` when there is no such dimension; {@link OptionError} for one named twice.
   */
  all(dims?: number | readonly number[] | null, keepdim?: boolean): Tensor
  /**
   * Product along a dimension, or of all numbers; that of integers and truth values is i64.
   *
   * Shapes: `dim` is dropped, or kept with size 1 when `keepdim` is true; without a dimension `()`.
   * @throws {IndexError} `ERR_LORA_INDEX` when there is no such dimension.
   */
  prod(dim?: number | null, keepdim?: boolean): Tensor
  /**
   * Running product along a dimension; that of integers and truth values is i64.
   *
   * Shapes: `x (...)` → `(...)`, as `x`.
   * @throws {IndexError} `ERR_LORA_INDEX` when there is no such dimension.
   */
  cumprod(dim: number): Tensor
  /**
   * `(Σ |x|^p)^(1/p)` over dimensions or over all: `'fro'` is 2, `Infinity` the largest, `-Infinity` the smallest magnitude, 0 the number of
   * elements that are not 0. The gradient is 0 where all that is summed is 0.
   *
   * Shapes: `dims` are dropped, or kept with size 1 when `keepdim` is true; null means all of them.
   * @throws {OptionError} `ERR_LORA_OPTION` for another `p`; {@link DtypeError} for integers; {@link IndexError} when there is no such dimension.
   */
  norm(p?: number | 'fro', dims?: number | readonly number[] | null, keepdim?: boolean): Tensor
  /**
   * The values in order along a dimension, and the indices that they came from. Equal values keep their order.
   *
   * Shapes: `x (...)` → values and indices (i64) `(...)`, as `x`.
   * @throws {IndexError} `ERR_LORA_INDEX` when there is no such dimension.
   */
  sort(dim?: number, options?: SortOptions): [values: Tensor, indices: Tensor]
  /**
   * The indices that {@link Tensor.sort} takes the values from, as i64.
   *
   * Shapes: `x (...)` → `(...)`, as `x`.
   * @throws {IndexError} `ERR_LORA_INDEX` when there is no such dimension.
   */
  argsort(dim?: number, options?: SortOptions): Tensor
  /**
   * The `k` largest values along a dimension, the largest first, and their indices; with `largest: false` the smallest.
   *
   * Shapes: `x (..., N, ...)` with N along `dim` → values and indices (i64) `(..., k, ...)`.
   * @throws {OptionError} `ERR_LORA_OPTION` when `k` is no whole number from 0 to N; {@link IndexError} when there is no such dimension.
   */
  topk(k: number, dim?: number, options?: TopkOptions): [values: Tensor, indices: Tensor]
  /**
   * The `k`-th smallest value along a dimension (the smallest is the first), and its index.
   *
   * Shapes: `dim` is dropped, or kept with size 1 when `keepdim` is true.
   * @throws {OptionError} `ERR_LORA_OPTION` when `k` is no whole number from 1 to the size; {@link IndexError} for another dimension,
   *   {@link ShapeError} for one of size 0.
   */
  kthvalue(k: number, dim?: number, keepdim?: boolean): [values: Tensor, indices: Tensor]
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
  /**
   * `count` categories of each row, drawn by weight: i64 (count) or (rows, count). Weights are finite and not negative, and need not sum to 1.
   *
   * The same seed gives the same draws. A row with a bad weight, or with fewer weights above 0 than draws without replacement, is an
   * {@link OptionError} when the result is read.
   *
   * Shapes: `x (N)` → `(count)`; `x (rows, N)` → `(rows, count)`.
   * @throws {OptionError} `ERR_LORA_OPTION` when more than N are drawn without replacement; {@link ShapeError} for other shapes.
   */
  multinomial(count: number, options?: MultinomialOptions): Tensor
  /**
   * Python's `x[i, a:b, None, ...]`: numbers, `[start, stop, step?]` with null for an open end, `null` for a new dimension, `'...'`.
   *
   * Shapes: a number drops its dimension, null adds one of size 1, the others take what they name.
   * @throws {IndexError} `ERR_LORA_INDEX` for a number outside the dimension, and for more indexes than dimensions.
   */
  at(...index: Index[]): Tensor
  /**
   * A copy of `x` with `source` written at `index` along a dimension; of equal indexes the last stays.
   *
   * Shapes: `index` and `source` are alike, with the sizes of `x` but for `dim` → as `x`.
   * @throws {ShapeError} `ERR_LORA_SHAPE` when the shapes do not fit; {@link DtypeError} when `index` is not i64, or the dtypes of `x` and `source`
   *   differ; {@link IndexError} for another dimension, and for an index outside `x` when a result is read.
   */
  scatter(dim: number, index: Tensor, source: Tensor | number): Tensor
  /**
   * A copy of `x` with `value` in the slices along a dimension that `index` names.
   *
   * Shapes: `index (K)` → as `x`.
   * @throws {DtypeError} `ERR_LORA_DTYPE` when `index` is not i64, or the dtype cannot hold `value`; {@link IndexError} for another dimension, and
   *   for an index outside `x` when a result is read.
   */
  indexFill(dim: number, index: Tensor, value: number): Tensor
  /**
   * A copy of `x` with the numbers of `source`, in their order, where `mask` is true.
   *
   * A source with fewer numbers than the mask has true elements is an {@link IndexError}, at the latest when the result is read.
   *
   * Shapes: `mask` broadcasts to the shape of `x`; `source` has any → as `x`.
   * @throws {OptionError} `ERR_LORA_OPTION` for a source without numbers; {@link ShapeError} when the mask does not broadcast to the tensor.
   */
  maskedScatter(mask: Tensor, source: Tensor): Tensor
  /** The indices of all elements that are not 0, row by row. Shapes: `x (...)` → i64 `(count, ndim)`. */
  nonzero(): Promise<Tensor>
  /**
   * The elements where `mask` is true, as a vector; they keep their gradient. The numbers are those of the call, whatever changes later.
   *
   * Shapes: `mask` broadcasts to the shape of `x` → `(count)`.
   * @throws {DtypeError} `ERR_LORA_DTYPE` when the mask is not bool; {@link ShapeError} when it does not broadcast to the tensor.
   */
  maskedSelect(mask: Tensor): Promise<Tensor>
  /**
   * The different values, from small to large; for each element of the tensor the index of its value among them; and how often each value
   * occurs. NaN differs from every NaN.
   *
   * Shapes: `x (...)` → `values (count)`, `inverse (...)` as `x`, `counts (count)`.
   */
  unique(): Promise<{
    values: Tensor
    inverse: Tensor
    counts: Tensor
  }>
  /** Whether shape and numbers are the same; NaN equals nothing. @throws {DtypeError} `ERR_LORA_DTYPE` when the dtypes differ. */
  equal(other: Tensor): Promise<boolean>
  /**
   * Whether `|x - other| <= atol + rtol · |other|` everywhere, broadcast; infinities are close to themselves only. Integers are compared
   * as f64.
   * @throws {ShapeError} `ERR_LORA_SHAPE` when the shapes do not broadcast; {@link DtypeError} when the dtypes differ.
   */
  allclose(other: Tensor, options?: AllcloseOptions): Promise<boolean>
  /** Shape, dtype and whether it requires a gradient; no numbers. */
  toString(): string
}
