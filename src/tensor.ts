import { inspect } from 'node:util'
import { runBackward } from './backward.js'
import { DtypeError, IndexError, OptionError, ShapeError } from './errors.js'
import * as ops from './generated/ops.js'
import { indexed } from './indexing.js'
import type { Index } from './indexing.js'
import { call } from './native/call.js'
import { letGo, watch } from './native/handle.js'
import type { Handle } from './native/handle.js'
import type { Lazy } from './native/lazy.js'
import { native } from './native/load.js'
import { DTYPES, disposed, dtypeNumber, scratchBuffer, setTensorMaker } from './native/record.js'
import { adopt } from './scope.js'
import { nest, readData, readOnly, safeNumber } from './values.js'
import type { Nested, TensorData } from './values.js'

/** Element types. */
export type Dtype = (typeof DTYPES)[number]

const SIZES = [4, 8, 2, 2, 8, 1, 1]

/** What a tensor is for, as `memory()` counts it. */
export const KIND = { base: 0, adapter: 1, gradient: 2, optimizer: 3, activation: 4 } as const

/**
 * A multi-dimensional array, row-major. Operations are recorded and run in order on the engine's thread: shape, dtype and errors in either are
 * known at once; values are read with `await t.item()`, `t.data()` or `t.tolist()`.
 *
 * Methods whose name ends in `_` change the tensor in place.
 */
export class Tensor {
  /** Sizes of the dimensions, outermost first. */
  readonly shape: readonly number[]
  /** Element type. */
  readonly dtype: Dtype
  /** Whether a module lists it as a parameter. */
  isParameter = false
  readonly #handle: Handle
  #releasedBy: string | null = null

  /** @internal */
  constructor(id: number, dtype: number, shape: readonly number[]) {
    this.shape = shape
    this.dtype = DTYPES[dtype]!
    this.#handle = { id, bytes: shape.reduce((n, d) => n * d, 1) * SIZES[dtype]! }
    watch(this, this.#handle)
    adopt(this)
  }

  /** @internal Number of the tensor in the engine. */
  get id(): number {
    if (this.#releasedBy !== null) throw disposed(this.#releasedBy)
    return this.#handle.id
  }

  /** Whether it was disposed of or released. */
  get isDisposed(): boolean {
    return this.#releasedBy !== null
  }

  /** @internal Frees it in the name of a forward or scope. */
  release(by: string): void {
    if (this.#releasedBy !== null) return
    this.#releasedBy = by
    letGo(this.#handle)
  }

  /** Frees the numbers, unless backward still needs them. Does nothing the second time. */
  dispose(): void {
    this.release('')
  }

  [Symbol.dispose](): void {
    this.dispose()
  }

  // ---- what is known at once ----------------------------------------------------------------------------------------

  /** Number of dimensions. */
  get ndim(): number {
    return this.shape.length
  }

  /** Number of elements. */
  get numel(): number {
    return this.shape.reduce((n, d) => n * d, 1)
  }

  /** Size of one dimension, or all sizes. */
  size(): readonly number[]
  size(dim: number): number
  size(dim?: number): number | readonly number[] {
    return dim === undefined ? this.shape : this.shape[this.#dim(dim)]!
  }

  /** Where the process computes. */
  get device(): string {
    return deviceName()
  }

  /** How often the numbers were changed in place. */
  get version(): number {
    return call(() => native.version(this.id))
  }

  /** Whether a gradient flows to it. Can be set on leaves. */
  get requiresGrad(): boolean {
    return call(() => native.requiresGrad(this.id))
  }

  set requiresGrad(on: boolean) {
    call(() => native.setRequiresGrad(this.id, on))
    if (this.isParameter) native.setKind(this.id, on ? KIND.adapter : KIND.base)
  }

  /** Sets `requiresGrad`; returns the tensor. */
  requiresGrad_(on = true): this {
    this.requiresGrad = on
    return this
  }

  /** Whether no recorded operation made it. */
  get isLeaf(): boolean {
    return call(() => native.isLeaf(this.id))
  }

  /** Its gradient after backward, or null. Setting null frees it. */
  get grad(): Tensor | null {
    const id = call(() => native.grad(this.id))
    if (id === 0) {
      this.#grad = null
      return null
    }
    const known = this.#grad?.deref()
    if (known && !known.isDisposed && known.id === id) {
      native.release(Float64Array.of(id))
      return known
    }
    const grad = fromId(id)
    this.#grad = new WeakRef(grad)
    return grad
  }

  set grad(grad: Tensor | null) {
    call(() => native.setGrad(this.id, grad === null ? 0 : grad.id))
    this.#grad = grad === null ? null : new WeakRef(grad)
  }

  #grad: WeakRef<Tensor> | null = null

  /** Whether there is a gradient, without making a tensor for it. */
  get hasGrad(): boolean {
    return call(() => native.hasGrad(this.id))
  }

  /** Keeps the gradient of a tensor that is no leaf. */
  retainGrad(): void {
    call(() => native.retainGrad(this.id))
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
  backward(gradient?: Tensor | null, options: { retainGraph?: boolean } = {}): Lazy {
    return runBackward(this, gradient ?? null, options.retainGraph ?? false)
  }

  /** The same numbers without a graph; shares them. */
  detach(): Tensor {
    return fromId(call(() => native.detach(this.id)))
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

  // ---- arithmetic ---------------------------------------------------------------------------------------------------------

  add(other: Tensor | number): Tensor {
    return typeof other === 'number' && floating(this, other)
      ? ops.affine(this, 1, other)
      : ops.add(this, this.#like(other))
  }

  sub(other: Tensor | number): Tensor {
    return typeof other === 'number' && floating(this, other)
      ? ops.affine(this, 1, -other)
      : ops.sub(this, this.#like(other))
  }

  mul(other: Tensor | number): Tensor {
    return typeof other === 'number' && floating(this, other)
      ? ops.affine(this, other, 0)
      : ops.mul(this, this.#like(other))
  }

  div(other: Tensor | number): Tensor {
    return ops.div(this, this.#like(other))
  }

  pow(exponent: Tensor | number): Tensor {
    return typeof exponent === 'number' ? ops.powScalar(this, exponent) : ops.pow(this, exponent)
  }

  maximum(other: Tensor | number): Tensor {
    return ops.maximum(this, this.#like(other))
  }

  minimum(other: Tensor | number): Tensor {
    return ops.minimum(this, this.#like(other))
  }

  eq(other: Tensor | number): Tensor {
    return ops.eq(this, this.#like(other))
  }

  ne(other: Tensor | number): Tensor {
    return ops.ne(this, this.#like(other))
  }

  lt(other: Tensor | number): Tensor {
    return ops.lt(this, this.#like(other))
  }

  le(other: Tensor | number): Tensor {
    return ops.le(this, this.#like(other))
  }

  gt(other: Tensor | number): Tensor {
    return ops.gt(this, this.#like(other))
  }

  ge(other: Tensor | number): Tensor {
    return ops.ge(this, this.#like(other))
  }

  logicalAnd(other: Tensor): Tensor {
    return ops.logicalAnd(this, other)
  }

  logicalOr(other: Tensor): Tensor {
    return ops.logicalOr(this, other)
  }

  logicalNot(): Tensor {
    return ops.logicalNot(this)
  }

  /** A number as a scalar of this dtype. */
  #like(other: Tensor | number): Tensor {
    return typeof other === 'number' ? ops.full([], other, this.dtype) : other
  }

  neg(): Tensor {
    return ops.neg(this)
  }

  exp(): Tensor {
    return ops.exp(this)
  }

  log(): Tensor {
    return ops.log(this)
  }

  sqrt(): Tensor {
    return ops.sqrt(this)
  }

  rsqrt(): Tensor {
    return ops.rsqrt(this)
  }

  square(): Tensor {
    return ops.square(this)
  }

  abs(): Tensor {
    return ops.abs(this)
  }

  sign(): Tensor {
    return ops.sign(this)
  }

  reciprocal(): Tensor {
    return ops.recip(this)
  }

  sin(): Tensor {
    return ops.sin(this)
  }

  cos(): Tensor {
    return ops.cos(this)
  }

  tanh(): Tensor {
    return ops.tanh(this)
  }

  sigmoid(): Tensor {
    return ops.sigmoid(this)
  }

  relu(): Tensor {
    return ops.relu(this)
  }

  silu(): Tensor {
    return ops.silu(this)
  }

  /** GELU: exact, or with the tanh approximation of GPT-2. */
  gelu(approximate: 'none' | 'tanh' = 'none'): Tensor {
    if (approximate !== 'none' && approximate !== 'tanh') {
      throw new OptionError({
        what: 'gelu: no such approximation',
        expected: "'none' or 'tanh'",
        received: String(approximate),
      })
    }
    return approximate === 'tanh' ? ops.geluTanh(this) : ops.gelu(this)
  }

  erf(): Tensor {
    return ops.erf(this)
  }

  floor(): Tensor {
    return ops.floor(this)
  }

  ceil(): Tensor {
    return ops.ceil(this)
  }

  /** Nearest integer, halves to even. */
  round(): Tensor {
    return ops.round(this)
  }

  clamp(min: number | null = null, max: number | null = null): Tensor {
    return ops.clamp(this, min ?? -Infinity, max ?? Infinity)
  }

  /** `value` where `mask` is true. */
  maskedFill(mask: Tensor, value: number): Tensor {
    return ops.maskedFill(this, mask, value)
  }

  /** Matrix product over the last two dimensions, broadcast over the others; vectors count as a row or a column. */
  matmul(other: Tensor): Tensor {
    return ops.matmul(this, other, false, false)
  }

  // ---- in place -------------------------------------------------------------------------------------------------------------

  add_(other: Tensor | number): this {
    if (typeof other === 'number') ops.affineInplace(this, 1, other)
    else ops.addInplace(this, other)
    return this
  }

  sub_(other: Tensor | number): this {
    if (typeof other === 'number') ops.affineInplace(this, 1, -other)
    else ops.subInplace(this, other)
    return this
  }

  mul_(other: Tensor | number): this {
    if (typeof other === 'number') ops.affineInplace(this, other, 0)
    else ops.mulInplace(this, other)
    return this
  }

  div_(other: Tensor | number): this {
    ops.divInplace(this, this.#like(other))
    return this
  }

  /** Overwrites the numbers with those of another tensor, broadcast and converted. */
  copy_(source: Tensor): this {
    ops.copyInplace(this, source)
    return this
  }

  fill_(value: number): this {
    ops.fillInplace(this, value)
    return this
  }

  zero_(): this {
    return this.fill_(0)
  }

  clamp_(min: number | null = null, max: number | null = null): this {
    ops.clampInplace(this, min ?? -Infinity, max ?? Infinity)
    return this
  }

  // ---- shapes -----------------------------------------------------------------------------------------------------------------

  /** The same numbers under another shape, shared; one size may be -1. */
  reshape(...shape: number[] | [readonly number[]]): Tensor {
    return ops.reshape(this, flat(shape))
  }

  /** As {@link reshape}: every tensor is contiguous. */
  view(...shape: number[] | [readonly number[]]): Tensor {
    return this.reshape(...(shape as number[]))
  }

  flatten(start = 0, end = -1): Tensor {
    if (this.ndim === 0) return this.reshape(1)
    const [first, last] = [this.#dim(start), this.#dim(end)]
    const middle = this.shape.slice(first, last + 1).reduce((n, d) => n * d, 1)
    return this.reshape([...this.shape.slice(0, first), middle, ...this.shape.slice(last + 1)])
  }

  unsqueeze(dim: number): Tensor {
    const at = dim < 0 ? dim + this.ndim + 1 : dim
    if (!Number.isInteger(at) || at < 0 || at > this.ndim) throw noDim(dim, this.ndim + 1)
    return this.reshape([...this.shape.slice(0, at), 1, ...this.shape.slice(at)])
  }

  /** Without a dimension of size 1, or without all of them. */
  squeeze(dim?: number): Tensor {
    if (dim === undefined) return this.reshape(this.shape.filter((d) => d !== 1))
    const at = this.#dim(dim)
    return this.shape[at] === 1 ? this.reshape([...this.shape.slice(0, at), ...this.shape.slice(at + 1)]) : this
  }

  /** Repeats dimensions of size 1; -1 keeps a size. */
  expand(...shape: number[] | [readonly number[]]): Tensor {
    return ops.expand(this, flat(shape))
  }

  permute(...dims: number[] | [readonly number[]]): Tensor {
    return ops.permute(this, flat(dims))
  }

  transpose(a: number, b: number): Tensor {
    const dims = this.shape.map((_, i) => i)
    const [x, y] = [this.#dim(a), this.#dim(b)]
    if (x === y) return this
    ;[dims[x], dims[y]] = [y, x]
    return ops.permute(this, dims)
  }

  /** The transposed matrix. */
  t(): Tensor {
    if (this.ndim > 2) {
      throw new ShapeError({
        what: 't: only matrices have a transpose',
        expected: 'at most 2 dimensions',
        received: `shape (${this.shape.join(', ')})`,
        fix: 'use transpose(a, b)',
      })
    }
    return this.ndim < 2 ? this : this.transpose(0, 1)
  }

  /** Python's `x[i, a:b, None, ...]`: numbers, `[start, stop, step?]` with null for an open end, `null` for a new dimension, `'...'`. */
  at(...index: Index[]): Tensor {
    return indexed(this, index)
  }

  /** `length` places from `start` along a dimension. */
  narrow(dim: number, start: number, length: number): Tensor {
    const size = this.shape[this.#dim(dim)]!
    const from = start < 0 ? start + size : start
    if (from < 0 || length < 0 || from + length > size) {
      throw new IndexError({
        what: 'narrow leaves the tensor',
        expected: `places 0 to ${size} of dimension ${dim}`,
        received: `start ${start}, length ${length}`,
      })
    }
    return ops.slice(this, dim, from, from + length, 1)
  }

  /** Pieces of the given sizes, or of one size. */
  split(sizes: number | readonly number[], dim = 0): Tensor[] {
    const total = this.shape[this.#dim(dim)]!
    const whole = (size: number): boolean => Number.isInteger(size) && size >= 0
    const list =
      typeof sizes === 'number'
        ? Array.from({ length: sizes >= 1 ? Math.ceil(total / sizes) : 0 }, (_, i) =>
            Math.min(sizes, total - i * sizes),
          )
        : sizes
    if (this.ndim === 0 || !list.every(whole) || list.reduce((n, d) => n + d, 0) !== total) {
      throw new ShapeError({
        what: 'split: the sizes do not add up',
        expected:
          this.ndim === 0 ? 'a tensor with at least one dimension' : `sizes of 0 or more with a sum of ${total}`,
        received: typeof sizes === 'number' ? String(sizes) : `[${sizes.join(', ')}]`,
      })
    }
    let start = 0
    return list.map((size) => {
      start += size
      return ops.slice(this, dim, start - size, start, 1)
    })
  }

  /** `count` pieces of nearly equal size. */
  chunk(count: number, dim = 0): Tensor[] {
    if (!Number.isInteger(count) || count < 1) {
      throw new OptionError({
        what: 'chunk: the count is not usable',
        expected: 'an integer, 1 or more',
        received: String(count),
      })
    }
    return this.split(Math.max(1, Math.ceil(this.shape[this.#dim(dim)]! / count)), dim)
  }

  /** Slices along a dimension, without it. */
  unbind(dim = 0): Tensor[] {
    return this.split(1, dim).map((piece) => piece.squeeze(dim))
  }

  gather(dim: number, index: Tensor): Tensor {
    return ops.gather(this, index, dim)
  }

  indexSelect(dim: number, index: Tensor): Tensor {
    return ops.indexSelect(this, index, dim)
  }

  scatterAdd(dim: number, index: Tensor, source: Tensor): Tensor {
    return ops.scatterAdd(this, index, source, dim)
  }

  // ---- reductions ---------------------------------------------------------------------------------------------------------------

  sum(dims?: number | readonly number[] | null, keepdim = false): Tensor {
    return ops.sum(this, list(dims), keepdim)
  }

  mean(dims?: number | readonly number[] | null, keepdim = false): Tensor {
    return ops.mean(this, list(dims), keepdim)
  }

  var(dims?: number | readonly number[] | null, options: { correction?: number; keepdim?: boolean } = {}): Tensor {
    return ops.variance(this, list(dims), options.correction ?? 1, options.keepdim ?? false)
  }

  std(dims?: number | readonly number[] | null, options: { correction?: number; keepdim?: boolean } = {}): Tensor {
    return this.var(dims, options).sqrt()
  }

  /** Largest over dimensions, or over all. */
  max(dims?: number | readonly number[] | null, keepdim = false): Tensor {
    return ops.amax(this, list(dims), keepdim)
  }

  min(dims?: number | readonly number[] | null, keepdim = false): Tensor {
    return ops.amin(this, list(dims), keepdim)
  }

  amax(dims?: number | readonly number[] | null, keepdim = false): Tensor {
    return this.max(dims, keepdim)
  }

  amin(dims?: number | readonly number[] | null, keepdim = false): Tensor {
    return this.min(dims, keepdim)
  }

  /** Place of the largest along a dimension, or in the flattened tensor. */
  argmax(dim?: number | null, keepdim = false): Tensor {
    return dim === undefined || dim === null ? ops.argmax(this.reshape(-1), 0, false) : ops.argmax(this, dim, keepdim)
  }

  argmin(dim?: number | null, keepdim = false): Tensor {
    return dim === undefined || dim === null ? ops.argmin(this.reshape(-1), 0, false) : ops.argmin(this, dim, keepdim)
  }

  logsumexp(dims: number | readonly number[], keepdim = false): Tensor {
    return ops.logsumexp(this, list(dims), keepdim)
  }

  softmax(dim: number): Tensor {
    return ops.softmax(this, dim)
  }

  logSoftmax(dim: number): Tensor {
    return ops.logSoftmax(this, dim)
  }

  #dim(dim: number): number {
    const at = dim < 0 ? dim + Math.max(1, this.ndim) : dim
    if (!Number.isInteger(at) || at < 0 || at >= Math.max(1, this.ndim)) throw noDim(dim, this.ndim)
    return at
  }

  toString(): string {
    if (this.isDisposed) return 'Tensor(disposed)'
    return `Tensor(${this.shape.join(', ')}) ${this.dtype}${this.requiresGrad ? ' requiresGrad' : ''}`
  }

  [inspect.custom](): string {
    return this.toString()
  }
}

setTensorMaker((id, dtype, shape) => new Tensor(id, dtype, shape))

/** @internal A wrapper for an id of the engine. */
export function fromId(id: number): Tensor {
  const scratch = scratchBuffer()
  call(() => native.describe(id, scratch))
  return new Tensor(id, scratch[1]!, Array.from(scratch.subarray(3, 3 + scratch[2]!)))
}

let device: string | null = null

function deviceName(): string {
  device ??= (JSON.parse(native.backend()) as { device: string }).device
  return device
}

function noDim(dim: number, rank: number): IndexError {
  return new IndexError({
    what: 'no such dimension',
    expected: `an integer from ${-Math.max(1, rank)} to ${Math.max(1, rank) - 1}`,
    received: String(dim),
  })
}

function flat(sizes: number[] | [readonly number[]]): readonly number[] {
  return Array.isArray(sizes[0]) ? sizes[0] : (sizes as number[])
}

function list(dims: number | readonly number[] | null | undefined): readonly number[] {
  if (dims === null || dims === undefined) return []
  return typeof dims === 'number' ? [dims] : dims
}

// A number beside integers must stay an integer: adding 0.5 to ids is a slip, not a wish.
function floating(tensor: Tensor, other: number): boolean {
  if (tensor.dtype === 'f32' || tensor.dtype === 'f64' || tensor.dtype === 'bf16' || tensor.dtype === 'f16') return true
  if (Number.isInteger(other)) return tensor.dtype === 'i64'
  throw new DtypeError({
    what: 'a fraction beside integers',
    expected: `a whole number beside ${tensor.dtype}`,
    received: String(other),
    fix: "convert the tensor first: t.to('f32')",
  })
}

/** @internal */
export function checkDtype(dtype: unknown): asserts dtype is Dtype {
  dtypeNumber(dtype)
}
