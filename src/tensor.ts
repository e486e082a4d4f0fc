import { inspect } from 'node:util'
import { runBackward } from './backward.js'
import { DtypeError, IndexError, OptionError, ShapeError } from './errors.js'
import * as ops from './generated/ops.js'
import { indexed } from './indexing.js'
import type { Index } from './indexing.js'
import { call, callAsync } from './native/call.js'
import { letGo, reportPinned, watch } from './native/handle.js'
import type { Handle } from './native/handle.js'
import type { Lazy } from './native/lazy.js'
import { native } from './native/load.js'
import { DTYPES, disposed, scratchBuffer, setTensorMaker } from './native/record.js'
import { withGenerator } from './random.js'
import type { Generator } from './random.js'
import { adopt } from './scope.js'

export { Generator } from './random.js'

/** Element types. */
export type Dtype = (typeof DTYPES)[number]

/** What `data()` gives, by dtype: bf16 and f16 come as f32, i64 as BigInt64Array, bool as bytes 0 and 1. */
export type TensorData = Float32Array | Float64Array | BigInt64Array | Uint8Array

/** Nested arrays of numbers. */
export type Nested<T> = T | Nested<T>[]

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
    return typed(this.dtype, await readBytes(this))
  }

  /** The only number; a truth value for bool. @throws {ShapeError} when there are more; {@link IndexError} for an integer beyond 2^53. */
  async item(): Promise<number> {
    const value = (await this.#only())[0]!
    const number = Number(value)
    if (typeof value === 'bigint' && !Number.isSafeInteger(number)) {
      throw new IndexError({ what: 'item: this integer is no safe JavaScript number', received: String(value), fix: 'read it with itemBigInt()' })
    }
    return number
  }

  /** The only number of an integer tensor. */
  async itemBigInt(): Promise<bigint> {
    return BigInt((await this.#only())[0]!)
  }

  async #only(): Promise<TensorData> {
    if (this.numel !== 1) {
      throw new ShapeError({ what: 'item: only a tensor with one element has an item', expected: '1 element', received: `shape (${this.shape.join(', ')})`, fix: 'reduce it, pick an element with at(), or use data()' })
    }
    return this.data()
  }

  /** The numbers as nested arrays: numbers, and booleans for bool. Integers beyond 2^53 come as BigInt. */
  async tolist(): Promise<Nested<number | bigint | boolean>> {
    const data = await this.data()
    const value = (i: number): number | bigint | boolean => {
      const x = data[i]!
      if (this.dtype === 'bool') return x !== 0
      return typeof x === 'bigint' && Number.isSafeInteger(Number(x)) ? Number(x) : x
    }
    const build = (dim: number, offset: number, stride: number): Nested<number | bigint | boolean> => {
      if (dim === this.ndim) return value(offset)
      const size = this.shape[dim]!
      const step = stride / size
      return Array.from({ length: size }, (_, i) => build(dim + 1, offset + i * step, step))
    }
    return build(0, 0, this.numel)
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
    return typeof other === 'number' && floating(this, other) ? ops.affine(this, 1, other) : ops.add(this, this.#like(other))
  }

  sub(other: Tensor | number): Tensor {
    return typeof other === 'number' && floating(this, other) ? ops.affine(this, 1, -other) : ops.sub(this, this.#like(other))
  }

  mul(other: Tensor | number): Tensor {
    return typeof other === 'number' && floating(this, other) ? ops.affine(this, other, 0) : ops.mul(this, this.#like(other))
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
    ;[dims[x], dims[y]] = [y, x]
    return ops.permute(this, dims)
  }

  /** The transposed matrix. */
  t(): Tensor {
    if (this.ndim > 2) {
      throw new ShapeError({ what: 't: only matrices have a transpose', expected: 'at most 2 dimensions', received: `shape (${this.shape.join(', ')})`, fix: 'use transpose(a, b)' })
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
      throw new IndexError({ what: 'narrow leaves the tensor', expected: `places 0 to ${size} of dimension ${dim}`, received: `start ${start}, length ${length}` })
    }
    return ops.slice(this, dim, from, from + length, 1)
  }

  /** Pieces of the given sizes, or of one size. */
  split(sizes: number | readonly number[], dim = 0): Tensor[] {
    const total = this.shape[this.#dim(dim)]!
    const list = typeof sizes === 'number' ? Array.from({ length: Math.ceil(total / sizes) }, (_, i) => Math.min(sizes, total - i * sizes)) : sizes
    if (list.reduce((n, d) => n + d, 0) !== total) {
      throw new ShapeError({ what: 'split: the sizes do not add up', expected: `a sum of ${total}`, received: `[${list.join(', ')}]` })
    }
    let start = 0
    return list.map((size) => {
      start += size
      return ops.slice(this, dim, start - size, start, 1)
    })
  }

  /** `count` pieces of nearly equal size. */
  chunk(count: number, dim = 0): Tensor[] {
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
  return new IndexError({ what: 'no such dimension', expected: `an integer from ${-Math.max(1, rank)} to ${Math.max(1, rank) - 1}`, received: String(dim) })
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
  throw new DtypeError({ what: 'a fraction beside integers', expected: `a whole number beside ${tensor.dtype}`, received: String(other), fix: "convert the tensor first: t.to('f32')" })
}

function checkDtype(dtype: unknown): asserts dtype is Dtype {
  if (!(DTYPES as readonly unknown[]).includes(dtype)) {
    throw new DtypeError({ what: 'no such dtype', expected: DTYPES.join(', '), received: String(dtype) })
  }
}

async function readBytes(tensor: Tensor): Promise<Uint8Array> {
  reportPinned()
  const wide = tensor.dtype === 'bf16' || tensor.dtype === 'f16' ? ops.cast(tensor.detach(), 'f32') : tensor
  const [bytes] = await callAsync(() => native.read(Float64Array.of(wide.id)))
  return bytes!
}

function typed(dtype: Dtype, bytes: Uint8Array): TensorData {
  // A small Buffer may lie at an odd address of a shared block.
  const copy = bytes.byteOffset % 8 === 0 && bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice()
  const { buffer, byteOffset, byteLength } = copy
  if (dtype === 'f64') return new Float64Array(buffer, byteOffset, byteLength / 8)
  if (dtype === 'i64') return new BigInt64Array(buffer, byteOffset, byteLength / 8)
  if (dtype === 'u8' || dtype === 'bool') return new Uint8Array(buffer, byteOffset, byteLength)
  return new Float32Array(buffer, byteOffset, byteLength / 4)
}

// ---- making -----------------------------------------------------------------------------------------------------------------------

/** Options of the functions that make tensors. */
export interface MakeOptions {
  /** Element type. @default 'f32' */
  dtype?: Dtype
  /** Whether backward gives it a gradient. @default false */
  requiresGrad?: boolean
}

/** Data that {@link tensor} takes. */
export type TensorLike = Nested<number | bigint | boolean> | ArrayBufferView

/**
 * A tensor of the given numbers: nested arrays, or a typed array with a `shape`. Numbers give f32, truth values bool, BigInts i64; of typed
 * arrays Float64Array gives f64, integer ones i64, Uint8Array u8. The data is copied.
 * @throws {ShapeError} for ragged arrays, and for data that does not fill the shape.
 */
export function tensor(data: TensorLike, options: MakeOptions & { shape?: readonly number[] } = {}): Tensor {
  const { values, shape, dtype } = ArrayBuffer.isView(data) ? fromTyped(data, options.shape) : fromNested(data, options.shape)
  const wanted = options.dtype ?? dtype
  checkDtype(wanted)
  const made = putValues(values, shape, wanted)
  if (options.requiresGrad) made.requiresGrad = true
  return made
}

type Values = ArrayLike<number> | ArrayLike<bigint> | ArrayLike<boolean> | ArrayLike<number | bigint | boolean>

function fromTyped(data: ArrayBufferView, shape?: readonly number[]): { values: Values; shape: readonly number[]; dtype: Dtype } {
  const values = data as unknown as ArrayLike<number>
  const n = values.length
  if (n === undefined) throw new OptionError({ what: 'tensor: a DataView holds no numbers', expected: 'a typed array' })
  const wanted = shape ?? [n]
  if (wanted.reduce((p, d) => p * d, 1) !== n) {
    throw new ShapeError({ what: 'tensor: the data does not fill the shape', expected: `${wanted.reduce((p, d) => p * d, 1)} numbers for (${wanted.join(', ')})`, received: `${n} numbers` })
  }
  const dtype: Dtype = data instanceof Float32Array ? 'f32' : data instanceof Float64Array ? 'f64' : data instanceof Uint8Array ? 'u8' : 'i64'
  return { values, shape: wanted, dtype }
}

function fromNested(data: Nested<number | bigint | boolean>, wanted?: readonly number[]): { values: Values; shape: readonly number[]; dtype: Dtype } {
  const shape: number[] = []
  for (let level: unknown = data; Array.isArray(level); level = level[0]) shape.push(level.length)
  const values: (number | bigint | boolean)[] = []
  const walk = (item: Nested<number | bigint | boolean>, dim: number): void => {
    if (!Array.isArray(item)) {
      if (dim !== shape.length || !['number', 'bigint', 'boolean'].includes(typeof item)) throw ragged(dim, item)
      values.push(item)
    } else {
      if (item.length !== shape[dim]) throw ragged(dim, item)
      for (const inner of item) walk(inner, dim + 1)
    }
  }
  walk(data, 0)
  if (wanted && wanted.reduce((p, d) => p * d, 1) !== values.length) {
    throw new ShapeError({ what: 'tensor: the data does not fill the shape', expected: `(${wanted.join(', ')})`, received: `${values.length} numbers` })
  }
  const first = typeof values[0]
  const dtype: Dtype = values.length > 0 && values.every((v) => typeof v === 'boolean') ? 'bool' : first === 'bigint' ? 'i64' : 'f32'
  return { values, shape: wanted ?? shape, dtype }
}

function ragged(dim: number, item: unknown): ShapeError {
  return new ShapeError({ what: 'tensor: the nested arrays have no common shape', expected: 'numbers at one depth and equal lengths in each dimension', received: Array.isArray(item) ? `a length of ${item.length} in dimension ${dim}` : `${String(item)} at depth ${dim}` })
}

/** Numbers to the bytes of a dtype. Half types go through f32 and are rounded once. */
function putValues(values: Values, shape: readonly number[], dtype: Dtype): Tensor {
  if (dtype === 'bf16' || dtype === 'f16') {
    const wide = putValues(values, shape, 'f32')
    const half = ops.cast(wide, dtype)
    wide.dispose()
    return half
  }
  const n = values.length
  let array: ArrayBufferView
  if (dtype === 'f32') array = values instanceof Float32Array ? values : Float32Array.from({ length: n }, (_, i) => Number(values[i]))
  else if (dtype === 'f64') array = values instanceof Float64Array ? values : Float64Array.from({ length: n }, (_, i) => Number(values[i]))
  else if (dtype === 'i64') array = values instanceof BigInt64Array ? values : BigInt64Array.from({ length: n }, (_, i) => toInteger(values[i]!))
  else if (dtype === 'bool') array = Uint8Array.from({ length: n }, (_, i) => (Number(values[i]) !== 0 ? 1 : 0))
  else array = values instanceof Uint8Array ? values : Uint8Array.from({ length: n }, (_, i) => toByte(values[i]!))
  return putBytes(dtype, shape, new Uint8Array(array.buffer, array.byteOffset, array.byteLength))
}

function toInteger(value: number | bigint | boolean): bigint {
  if (typeof value === 'number' && !Number.isInteger(value)) throw new DtypeError({ what: 'tensor: a fraction cannot be an integer', expected: 'whole numbers for i64', received: String(value), fix: "leave the dtype out, or convert with .to('i64')" })
  return BigInt(value)
}

function toByte(value: number | bigint | boolean): number {
  const number = Number(value)
  if (!Number.isInteger(number) || number < 0 || number > 255) throw new DtypeError({ what: 'tensor: this number is no byte', expected: '0 to 255 for u8', received: String(value) })
  return number
}

/** @internal A tensor of raw little-endian bytes. */
export function putBytes(dtype: Dtype, shape: readonly number[], bytes: Uint8Array, kind: number = KIND.activation): Tensor {
  const number = DTYPES.indexOf(dtype)
  const id = call(() => native.put(number, Float64Array.from(shape), bytes, kind))
  return new Tensor(id, number, [...shape])
}

function made(t: Tensor, options: MakeOptions): Tensor {
  if (options.requiresGrad) t.requiresGrad = true
  return t
}

/** A tensor of one value. */
export function full(shape: readonly number[], value: number, options: MakeOptions = {}): Tensor {
  return made(ops.full(shape, value, options.dtype ?? 'f32'), options)
}

/** Zeros. */
export function zeros(shape: readonly number[], options: MakeOptions = {}): Tensor {
  return full(shape, 0, options)
}

/** Ones. */
export function ones(shape: readonly number[], options: MakeOptions = {}): Tensor {
  return full(shape, 1, options)
}

/** `start, start + step, …` below `end`: whole numbers give i64, others f32. */
export function arange(start: number, end?: number, step = 1, options: MakeOptions = {}): Tensor {
  const [from, to] = end === undefined ? [0, start] : [start, end]
  if (step === 0 || !Number.isFinite(step)) throw new OptionError({ what: 'arange: the step is not usable', expected: 'a number other than 0', received: String(step) })
  const n = Math.max(0, Math.ceil((to - from) / step))
  const dtype = options.dtype ?? ([from, to, step].every(Number.isInteger) ? 'i64' : 'f32')
  return tensor(Float64Array.from({ length: n }, (_, i) => from + i * step), { ...options, dtype })
}

/** Uniform numbers in [0, 1). */
export function rand(shape: readonly number[], options: MakeOptions & { generator?: Generator } = {}): Tensor {
  return made(withGenerator(options.generator, () => ops.rand(shape, 0, 1, options.dtype ?? 'f32')), options)
}

/** Normal numbers of mean 0 and variance 1. */
export function randn(shape: readonly number[], options: MakeOptions & { generator?: Generator } = {}): Tensor {
  return made(withGenerator(options.generator, () => ops.randn(shape, 0, 1, options.dtype ?? 'f32')), options)
}

/** `a` where `cond` is true, else `b`. */
export function where(cond: Tensor, a: Tensor | number, b: Tensor | number): Tensor {
  const like = typeof a === 'number' ? (typeof b === 'number' ? 'f32' : b.dtype) : a.dtype
  const lift = (x: Tensor | number): Tensor => (typeof x === 'number' ? ops.full([], x, like) : x)
  return ops.where_(cond, lift(a), lift(b))
}

/** Joins tensors along a dimension. */
export function cat(tensors: readonly Tensor[], dim = 0): Tensor {
  return ops.cat(tensors, dim)
}

/** Joins tensors of one shape along a new dimension. */
export function stack(tensors: readonly Tensor[], dim = 0): Tensor {
  return ops.cat(tensors.map((t) => t.unsqueeze(dim)), dim)
}
