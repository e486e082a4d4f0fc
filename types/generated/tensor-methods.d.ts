// Generated from src/generated/tensor-methods.ts by `npm run api`. Do not edit.

import type { Dtype } from '../tensor/dtype.js'
import type { Tensor } from '../tensor/tensor.js'
/** The methods of {@link Tensor} that record one operation. In their descriptions `x` is the tensor itself. */
export declare abstract class TensorMethods {
  /** Sizes of the dimensions, outermost first. */
  abstract readonly shape: readonly number[]
  /** Element type. */
  abstract readonly dtype: Dtype
  /**
   * `x / other`, element by element. A number counts as a tensor of the dtype of `x`.
   *
   * Shapes: `x` and `other` broadcast to the shape of the result.
   * @throws {ShapeError} `ERR_LORA_SHAPE` when the shapes do not broadcast.
   * @throws {DtypeError} `ERR_LORA_DTYPE` when the dtypes differ, and for integers and truth values.
   */
  div(other: Tensor | number): Tensor
  /**
   * The larger of `x` and `other`, element by element. Equal ones share the gradient.
   *
   * Shapes: `x` and `other` broadcast to the shape of the result.
   * @throws {ShapeError} `ERR_LORA_SHAPE` when the shapes do not broadcast.
   * @throws {DtypeError} `ERR_LORA_DTYPE` when the dtypes differ, and for truth values.
   */
  maximum(other: Tensor | number): Tensor
  /**
   * The smaller of `x` and `other`, element by element. Equal ones share the gradient.
   *
   * Shapes: `x` and `other` broadcast to the shape of the result.
   * @throws {ShapeError} `ERR_LORA_SHAPE` when the shapes do not broadcast.
   * @throws {DtypeError} `ERR_LORA_DTYPE` when the dtypes differ, and for truth values.
   */
  minimum(other: Tensor | number): Tensor
  /**
   * `x == other`, element by element, as bool. NaN equals nothing.
   *
   * Shapes: `x` and `other` broadcast to the shape of the result.
   * @throws {ShapeError} `ERR_LORA_SHAPE` when the shapes do not broadcast.
   * @throws {DtypeError} `ERR_LORA_DTYPE` when the dtypes differ.
   */
  eq(other: Tensor | number): Tensor
  /**
   * `x != other`, element by element, as bool. NaN differs from everything.
   *
   * Shapes: `x` and `other` broadcast to the shape of the result.
   * @throws {ShapeError} `ERR_LORA_SHAPE` when the shapes do not broadcast.
   * @throws {DtypeError} `ERR_LORA_DTYPE` when the dtypes differ.
   */
  ne(other: Tensor | number): Tensor
  /**
   * `x < other`, element by element, as bool.
   *
   * Shapes: `x` and `other` broadcast to the shape of the result.
   * @throws {ShapeError} `ERR_LORA_SHAPE` when the shapes do not broadcast.
   * @throws {DtypeError} `ERR_LORA_DTYPE` when the dtypes differ.
   */
  lt(other: Tensor | number): Tensor
  /**
   * `x <= other`, element by element, as bool.
   *
   * Shapes: `x` and `other` broadcast to the shape of the result.
   * @throws {ShapeError} `ERR_LORA_SHAPE` when the shapes do not broadcast.
   * @throws {DtypeError} `ERR_LORA_DTYPE` when the dtypes differ.
   */
  le(other: Tensor | number): Tensor
  /**
   * `x > other`, element by element, as bool.
   *
   * Shapes: `x` and `other` broadcast to the shape of the result.
   * @throws {ShapeError} `ERR_LORA_SHAPE` when the shapes do not broadcast.
   * @throws {DtypeError} `ERR_LORA_DTYPE` when the dtypes differ.
   */
  gt(other: Tensor | number): Tensor
  /**
   * `x >= other`, element by element, as bool.
   *
   * Shapes: `x` and `other` broadcast to the shape of the result.
   * @throws {ShapeError} `ERR_LORA_SHAPE` when the shapes do not broadcast.
   * @throws {DtypeError} `ERR_LORA_DTYPE` when the dtypes differ.
   */
  ge(other: Tensor | number): Tensor
  /**
   * True where both are true.
   *
   * Shapes: `x` and `other` broadcast to the shape of the result.
   * @throws {ShapeError} `ERR_LORA_SHAPE` when the shapes do not broadcast.
   * @throws {DtypeError} `ERR_LORA_DTYPE` unless both are bool.
   */
  logicalAnd(other: Tensor): Tensor
  /**
   * True where at least one is true.
   *
   * Shapes: `x` and `other` broadcast to the shape of the result.
   * @throws {ShapeError} `ERR_LORA_SHAPE` when the shapes do not broadcast.
   * @throws {DtypeError} `ERR_LORA_DTYPE` unless both are bool.
   */
  logicalOr(other: Tensor): Tensor
  /**
   * True where `x` is 0 or false; of any dtype.
   *
   * Shapes: `x (...)` → `(...)`, as `x`.
   */
  logicalNot(): Tensor
  /**
   * Matrix product over the last two dimensions; those in front of them broadcast. A vector counts as one row on the left and as one column on the right.
   *
   * Shapes: `x (..., M, K)`, `other (..., K, N)` → `(..., M, N)`; the dimension of a vector is dropped again.
   * @throws {ShapeError} `ERR_LORA_SHAPE` when the shapes do not fit each other.
   * @throws {DtypeError} `ERR_LORA_DTYPE` when the dtypes differ, and for integers and truth values.
   */
  matmul(other: Tensor): Tensor
  /**
   * `-x`.
   *
   * Shapes: `x (...)` → `(...)`, as `x`.
   * @throws {DtypeError} `ERR_LORA_DTYPE` for integers and truth values.
   */
  neg(): Tensor
  /**
   * `e` to the power `x`.
   *
   * Shapes: `x (...)` → `(...)`, as `x`.
   * @throws {DtypeError} `ERR_LORA_DTYPE` for integers and truth values.
   */
  exp(): Tensor
  /**
   * Natural logarithm.
   *
   * Shapes: `x (...)` → `(...)`, as `x`.
   * @throws {DtypeError} `ERR_LORA_DTYPE` for integers and truth values.
   */
  log(): Tensor
  /**
   * `log(1 + x)`, exact for small `x` too.
   *
   * Shapes: `x (...)` → `(...)`, as `x`.
   * @throws {DtypeError} `ERR_LORA_DTYPE` for integers and truth values.
   */
  log1p(): Tensor
  /**
   * Square root.
   *
   * Shapes: `x (...)` → `(...)`, as `x`.
   * @throws {DtypeError} `ERR_LORA_DTYPE` for integers and truth values.
   */
  sqrt(): Tensor
  /**
   * `1 / sqrt(x)`.
   *
   * Shapes: `x (...)` → `(...)`, as `x`.
   * @throws {DtypeError} `ERR_LORA_DTYPE` for integers and truth values.
   */
  rsqrt(): Tensor
  /**
   * `x * x`.
   *
   * Shapes: `x (...)` → `(...)`, as `x`.
   * @throws {DtypeError} `ERR_LORA_DTYPE` for integers and truth values.
   */
  square(): Tensor
  /**
   * Absolute value; gradient 0 at 0.
   *
   * Shapes: `x (...)` → `(...)`, as `x`.
   * @throws {DtypeError} `ERR_LORA_DTYPE` for integers and truth values.
   */
  abs(): Tensor
  /**
   * The sign of each element: -1, 0 or 1. Has no gradient.
   *
   * Shapes: `x (...)` → `(...)`, as `x`.
   * @throws {DtypeError} `ERR_LORA_DTYPE` for integers and truth values.
   */
  sign(): Tensor
  /**
   * `1 / x`.
   *
   * Shapes: `x (...)` → `(...)`, as `x`.
   * @throws {DtypeError} `ERR_LORA_DTYPE` for integers and truth values.
   */
  reciprocal(): Tensor
  /**
   * Sine, radians.
   *
   * Shapes: `x (...)` → `(...)`, as `x`.
   * @throws {DtypeError} `ERR_LORA_DTYPE` for integers and truth values.
   */
  sin(): Tensor
  /**
   * Cosine, radians.
   *
   * Shapes: `x (...)` → `(...)`, as `x`.
   * @throws {DtypeError} `ERR_LORA_DTYPE` for integers and truth values.
   */
  cos(): Tensor
  /**
   * Hyperbolic tangent.
   *
   * Shapes: `x (...)` → `(...)`, as `x`.
   * @throws {DtypeError} `ERR_LORA_DTYPE` for integers and truth values.
   */
  tanh(): Tensor
  /**
   * `1 / (1 + e^-x)`.
   *
   * Shapes: `x (...)` → `(...)`, as `x`.
   * @throws {DtypeError} `ERR_LORA_DTYPE` for integers and truth values.
   */
  sigmoid(): Tensor
  /**
   * `max(x, 0)`; gradient 0 at 0.
   *
   * Shapes: `x (...)` → `(...)`, as `x`.
   * @throws {DtypeError} `ERR_LORA_DTYPE` for integers and truth values.
   */
  relu(): Tensor
  /**
   * `x * sigmoid(x)`.
   *
   * Shapes: `x (...)` → `(...)`, as `x`.
   * @throws {DtypeError} `ERR_LORA_DTYPE` for integers and truth values.
   */
  silu(): Tensor
  /**
   * Error function.
   *
   * Shapes: `x (...)` → `(...)`, as `x`.
   * @throws {DtypeError} `ERR_LORA_DTYPE` for integers and truth values.
   */
  erf(): Tensor
  /**
   * The largest whole number that is not above each element. Has no gradient.
   *
   * Shapes: `x (...)` → `(...)`, as `x`.
   * @throws {DtypeError} `ERR_LORA_DTYPE` for integers and truth values.
   */
  floor(): Tensor
  /**
   * The smallest whole number that is not below each element. Has no gradient.
   *
   * Shapes: `x (...)` → `(...)`, as `x`.
   * @throws {DtypeError} `ERR_LORA_DTYPE` for integers and truth values.
   */
  ceil(): Tensor
  /**
   * The whole number nearest to each element, halves to the even one. Has no gradient.
   *
   * Shapes: `x (...)` → `(...)`, as `x`.
   * @throws {DtypeError} `ERR_LORA_DTYPE` for integers and truth values.
   */
  round(): Tensor
  /**
   * `x` held between two bounds; null leaves a side open. The gradient is 1 inside, bounds included, and 0 outside.
   *
   * Shapes: `x (...)` → `(...)`, as `x`.
   * @throws {DtypeError} `ERR_LORA_DTYPE` for integers and truth values.
   */
  clamp(min?: number | null, max?: number | null): Tensor
  /**
   * `x`, but nothing below `min`.
   *
   * Shapes: `x (...)` → `(...)`, as `x`.
   * @throws {DtypeError} `ERR_LORA_DTYPE` for integers and truth values.
   */
  clampMin(min: number): Tensor
  /**
   * `x`, but nothing above `max`.
   *
   * Shapes: `x (...)` → `(...)`, as `x`.
   * @throws {DtypeError} `ERR_LORA_DTYPE` for integers and truth values.
   */
  clampMax(max: number): Tensor
  /**
   * True where `x` is NaN; never, for integers and truth values.
   *
   * Shapes: `x (...)` → `(...)`, as `x`.
   */
  isnan(): Tensor
  /**
   * `value` where `mask` is true, else `x`.
   *
   * Shapes: `mask` broadcasts to the shape of `x`, which is that of the result.
   * @throws {ShapeError} `ERR_LORA_SHAPE` when `mask` does not broadcast to the shape of `x`.
   * @throws {DtypeError} `ERR_LORA_DTYPE` when `mask` is not bool, or the dtype of `x` cannot hold `value`.
   */
  maskedFill(mask: Tensor, value: number): Tensor
  /**
   * An independent copy. It is part of the graph: gradients flow through it to `x`.
   *
   * Shapes: `x (...)` → `(...)`, as `x`.
   */
  clone(): Tensor
  /**
   * Divides by `other`; returns `x`.
   *
   * Shapes: `other` broadcasts to the shape of `x`.
   * @throws {ShapeError} `ERR_LORA_SHAPE` when the other tensor does not broadcast to the shape of `x`.
   * @throws {DtypeError} `ERR_LORA_DTYPE` when the dtypes differ, and for integers and truth values.
   * @throws {GradError} `ERR_LORA_GRAD` for a leaf that requires a gradient, unless it is called in `noGrad`; for one whose numbers a view shares, while
   * gradients are recorded.
   */
  div_(other: Tensor | number): this
  /**
   * Overwrites the numbers with those of `source`, converted to the dtype of `x`; returns `x`.
   *
   * Shapes: `source` broadcasts to the shape of `x`.
   * @throws {ShapeError} `ERR_LORA_SHAPE` when the other tensor does not broadcast to the shape of `x`.
   * @throws {GradError} `ERR_LORA_GRAD` for a leaf that requires a gradient, unless it is called in `noGrad`; for one whose numbers a view shares, while
   * gradients are recorded.
   */
  copy_(source: Tensor): this
  /**
   * Sets every element to `value`; returns `x`.
   *
   * Shapes: `x` keeps its shape.
   * @throws {DtypeError} `ERR_LORA_DTYPE` when the dtype cannot hold `value`: a fraction among integers.
   * @throws {GradError} `ERR_LORA_GRAD` for a leaf that requires a gradient, unless it is called in `noGrad`; for one whose numbers a view shares, while
   * gradients are recorded.
   */
  fill_(value: number): this
  /**
   * Sets every element to 0; returns `x`.
   *
   * Shapes: `x` keeps its shape.
   * @throws {GradError} `ERR_LORA_GRAD` for a leaf that requires a gradient, unless it is called in `noGrad`; for one whose numbers a view shares, while
   * gradients are recorded.
   */
  zero_(): this
  /**
   * Holds the numbers between two bounds; null leaves a side open. Returns `x`.
   *
   * Shapes: `x` keeps its shape.
   * @throws {DtypeError} `ERR_LORA_DTYPE` for integers and truth values.
   * @throws {GradError} `ERR_LORA_GRAD` for a leaf that requires a gradient, unless it is called in `noGrad`; for one whose numbers a view shares, while
   * gradients are recorded.
   * @throws {GradError} `ERR_LORA_NO_GRAD` when backward needs the numbers that it overwrites.
   */
  clamp_(min?: number | null, max?: number | null): this
  /**
   * The same numbers under another shape, shared with `x`. One size may be -1: it is what the others leave.
   *
   * Shapes: `x (...)` → `shape`.
   * @throws {ShapeError} `ERR_LORA_SHAPE` when the sizes do not hold as many elements as `x`.
   */
  reshape(...shape: number[] | [readonly number[]]): Tensor
  /**
   * The same as `reshape`: every tensor is contiguous.
   *
   * Shapes: `x (...)` → `shape`.
   * @throws {ShapeError} `ERR_LORA_SHAPE` when the sizes do not hold as many elements as `x`.
   */
  view(...shape: number[] | [readonly number[]]): Tensor
  /**
   * Repeats dimensions of size 1 to the given sizes; -1 keeps a size. Sizes in front of those of `x` add dimensions.
   *
   * Shapes: `x (...)` → `shape`.
   * @throws {ShapeError} `ERR_LORA_SHAPE` when `x` does not broadcast to `shape`.
   */
  expand(...shape: number[] | [readonly number[]]): Tensor
  /**
   * The dimensions in another order, each named once.
   *
   * Shapes: Dimension `i` of the result is dimension `dims[i]` of `x`.
   * @throws {ShapeError} `ERR_LORA_SHAPE` unless `dims` names each dimension once.
   * @throws {IndexError} `ERR_LORA_INDEX` when there is no such dimension.
   */
  permute(...dims: number[] | [readonly number[]]): Tensor
  /**
   * Values picked along a dimension: for a matrix and `dim` 0, `y[i][j] = x[index[i][j]][j]`.
   *
   * Shapes: `index` has the sizes of `x`, but for `dim` → as `index`.
   * @throws {ShapeError} `ERR_LORA_SHAPE` when the shapes do not fit each other.
   * @throws {DtypeError} `ERR_LORA_DTYPE` when `index` is not i64.
   * @throws {IndexError} `ERR_LORA_INDEX` when there is no such dimension; for an index outside `x`, when a result is read.
   */
  gather(dim: number, index: Tensor): Tensor
  /**
   * The slices of `x` along a dimension that `index` names, in its order; one may come more than once.
   *
   * Shapes: `x (..., N, ...)` with N along `dim`, `index (K)` → `(..., K, ...)`.
   * @throws {ShapeError} `ERR_LORA_SHAPE` when the shapes do not fit each other.
   * @throws {DtypeError} `ERR_LORA_DTYPE` when `index` is not i64.
   * @throws {IndexError} `ERR_LORA_INDEX` when there is no such dimension; for an index outside `x`, when a result is read.
   */
  indexSelect(dim: number, index: Tensor): Tensor
  /**
   * A copy of `x` to which `source` is added at `index` along a dimension: for a matrix and `dim` 0, `y[index[i][j]][j] += source[i][j]`.
   *
   * Shapes: `index` and `source` are alike, with the sizes of `x` but for `dim` → as `x`.
   * @throws {ShapeError} `ERR_LORA_SHAPE` when the shapes do not fit each other.
   * @throws {DtypeError} `ERR_LORA_DTYPE` when `index` is not i64, when the dtypes of `x` and `source` differ, and for integers and truth values.
   * @throws {IndexError} `ERR_LORA_INDEX` when there is no such dimension; for an index outside `x`, when a result is read.
   */
  scatterAdd(dim: number, index: Tensor, source: Tensor): Tensor
  /**
   * A copy of `x` to whose slices along a dimension those of `source` are added: slice k at `index[k]`.
   *
   * Shapes: `x (..., N, ...)` with N along `dim`, `index (K)`, `source (..., K, ...)` → as `x`.
   * @throws {ShapeError} `ERR_LORA_SHAPE` when the shapes do not fit each other.
   * @throws {DtypeError} `ERR_LORA_DTYPE` when `index` is not i64, when the dtypes of `x` and `source` differ, and for integers and truth values.
   * @throws {IndexError} `ERR_LORA_INDEX` when there is no such dimension; for an index outside `x`, when a result is read.
   */
  indexAdd(dim: number, index: Tensor, source: Tensor): Tensor
  /**
   * Sum over dimensions, or over all. That of integers and truth values is i64.
   *
   * Shapes: `dims` are dropped, or kept with size 1 when `keepdim` is true; null means all of them.
   * @throws {IndexError} `ERR_LORA_INDEX` when there is no such dimension.
   * @throws {OptionError} `ERR_LORA_OPTION` when a dimension is named twice.
   */
  sum(dims?: number | readonly number[] | null, keepdim?: boolean): Tensor
  /**
   * Mean over dimensions, or over all.
   *
   * Shapes: `dims` are dropped, or kept with size 1 when `keepdim` is true; null means all of them.
   * @throws {DtypeError} `ERR_LORA_DTYPE` for integers and truth values.
   * @throws {IndexError} `ERR_LORA_INDEX` when there is no such dimension.
   * @throws {OptionError} `ERR_LORA_OPTION` when a dimension is named twice.
   */
  mean(dims?: number | readonly number[] | null, keepdim?: boolean): Tensor
  /**
   * The largest over dimensions, or over all; the same as `amax`. Equal ones share the gradient.
   *
   * Shapes: `dims` are dropped, or kept with size 1 when `keepdim` is true; null means all of them.
   * @throws {DtypeError} `ERR_LORA_DTYPE` for integers and truth values.
   * @throws {IndexError} `ERR_LORA_INDEX` when there is no such dimension.
   * @throws {OptionError} `ERR_LORA_OPTION` when a dimension is named twice.
   * @throws {ShapeError} `ERR_LORA_SHAPE` when a reduced dimension has size 0.
   */
  max(dims?: number | readonly number[] | null, keepdim?: boolean): Tensor
  /**
   * The smallest over dimensions, or over all; the same as `amin`. Equal ones share the gradient.
   *
   * Shapes: `dims` are dropped, or kept with size 1 when `keepdim` is true; null means all of them.
   * @throws {DtypeError} `ERR_LORA_DTYPE` for integers and truth values.
   * @throws {IndexError} `ERR_LORA_INDEX` when there is no such dimension.
   * @throws {OptionError} `ERR_LORA_OPTION` when a dimension is named twice.
   * @throws {ShapeError} `ERR_LORA_SHAPE` when a reduced dimension has size 0.
   */
  min(dims?: number | readonly number[] | null, keepdim?: boolean): Tensor
  /**
   * The largest over dimensions, or over all. Equal ones share the gradient.
   *
   * Shapes: `dims` are dropped, or kept with size 1 when `keepdim` is true; null means all of them.
   * @throws {DtypeError} `ERR_LORA_DTYPE` for integers and truth values.
   * @throws {IndexError} `ERR_LORA_INDEX` when there is no such dimension.
   * @throws {OptionError} `ERR_LORA_OPTION` when a dimension is named twice.
   * @throws {ShapeError} `ERR_LORA_SHAPE` when a reduced dimension has size 0.
   */
  amax(dims?: number | readonly number[] | null, keepdim?: boolean): Tensor
  /**
   * The smallest over dimensions, or over all. Equal ones share the gradient.
   *
   * Shapes: `dims` are dropped, or kept with size 1 when `keepdim` is true; null means all of them.
   * @throws {DtypeError} `ERR_LORA_DTYPE` for integers and truth values.
   * @throws {IndexError} `ERR_LORA_INDEX` when there is no such dimension.
   * @throws {OptionError} `ERR_LORA_OPTION` when a dimension is named twice.
   * @throws {ShapeError} `ERR_LORA_SHAPE` when a reduced dimension has size 0.
   */
  amin(dims?: number | readonly number[] | null, keepdim?: boolean): Tensor
  /**
   * `log(sum(exp(x)))` over dimensions, without overflow.
   *
   * Shapes: `dims` are dropped, or kept with size 1 when `keepdim` is true.
   * @throws {DtypeError} `ERR_LORA_DTYPE` for integers and truth values.
   * @throws {IndexError} `ERR_LORA_INDEX` when there is no such dimension.
   * @throws {OptionError} `ERR_LORA_OPTION` when a dimension is named twice.
   */
  logsumexp(dims: number | readonly number[], keepdim?: boolean): Tensor
  /**
   * `exp(x)` along a dimension, scaled to a sum of 1.
   *
   * Shapes: `x (...)` → `(...)`, as `x`.
   * @throws {DtypeError} `ERR_LORA_DTYPE` for integers and truth values.
   * @throws {IndexError} `ERR_LORA_INDEX` when there is no such dimension.
   */
  softmax(dim: number): Tensor
  /**
   * The logarithm of `softmax(dim)`, exact for small values too.
   *
   * Shapes: `x (...)` → `(...)`, as `x`.
   * @throws {DtypeError} `ERR_LORA_DTYPE` for integers and truth values.
   * @throws {IndexError} `ERR_LORA_INDEX` when there is no such dimension.
   */
  logSoftmax(dim: number): Tensor
  /**
   * Running sum along a dimension. That of integers and truth values is i64.
   *
   * Shapes: `x (...)` → `(...)`, as `x`.
   * @throws {IndexError} `ERR_LORA_INDEX` when there is no such dimension.
   */
  cumsum(dim: number): Tensor
}
