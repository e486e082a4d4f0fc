import { DtypeError, ShapeError } from '../errors.js'
import * as ops from '../generated/ops.js'
import type { Tensor } from './tensor.js'
import { Operand } from './operand.js'

/** Operations of two tensors, or of a tensor and a number; shapes are broadcast. */
export abstract class Arithmetic extends Operand {
  add(other: Tensor | number): Tensor {
    return typeof other === 'number' && floating(this, other)
      ? ops.affine(this, 1, other)
      : ops.add(this, this.like(other))
  }

  sub(other: Tensor | number): Tensor {
    return typeof other === 'number' && floating(this, other)
      ? ops.affine(this, 1, -other)
      : ops.sub(this, this.like(other))
  }

  mul(other: Tensor | number): Tensor {
    return typeof other === 'number' && floating(this, other)
      ? ops.affine(this, other, 0)
      : ops.mul(this, this.like(other))
  }

  div(other: Tensor | number): Tensor {
    return ops.div(this, this.like(other))
  }

  pow(exponent: Tensor | number): Tensor {
    return typeof exponent === 'number' ? ops.powScalar(this, exponent) : ops.pow(this, exponent)
  }

  maximum(other: Tensor | number): Tensor {
    return ops.maximum(this, this.like(other))
  }

  minimum(other: Tensor | number): Tensor {
    return ops.minimum(this, this.like(other))
  }

  eq(other: Tensor | number): Tensor {
    return ops.eq(this, this.like(other))
  }

  ne(other: Tensor | number): Tensor {
    return ops.ne(this, this.like(other))
  }

  lt(other: Tensor | number): Tensor {
    return ops.lt(this, this.like(other))
  }

  le(other: Tensor | number): Tensor {
    return ops.le(this, this.like(other))
  }

  gt(other: Tensor | number): Tensor {
    return ops.gt(this, this.like(other))
  }

  ge(other: Tensor | number): Tensor {
    return ops.ge(this, this.like(other))
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

  /** `this + weight · (end - this)`. */
  lerp(end: Tensor, weight: Tensor | number): Tensor {
    return end.sub(this.self()).mul(weight).add(this.self())
  }

  /** `this + value · a · b`. */
  addcmul(a: Tensor, b: Tensor, value = 1): Tensor {
    return this.add(a.mul(b).mul(value))
  }

  /** `this + value · a / b`. */
  addcdiv(a: Tensor, b: Tensor, value = 1): Tensor {
    return this.add(a.div(b).mul(value))
  }

  /** Matrix product over the last two dimensions, broadcast over the others; vectors count as a row or a column. */
  matmul(other: Tensor): Tensor {
    return ops.matmul(this, other, false, false)
  }

  /** The product of two matrices. @throws {ShapeError} when either is no matrix. */
  mm(other: Tensor): Tensor {
    this.wantRanks('mm', other, 2, '(n, k) and (k, m)')
    return this.matmul(other)
  }

  /** The products of two batches of matrices, (b, n, k) and (b, k, m). @throws {ShapeError} for other ranks or batches. */
  bmm(other: Tensor): Tensor {
    this.wantRanks('bmm', other, 3, '(b, n, k) and (b, k, m)')
    if (this.shape[0] !== other.shape[0]) throw this.noMatch('bmm', other, '(b, n, k) and (b, k, m), one b')
    return this.matmul(other)
  }

  /** The sum of the products of two vectors of one length. */
  dot(other: Tensor): Tensor {
    this.wantRanks('dot', other, 1, 'two vectors of one length')
    if (this.shape[0] !== other.shape[0]) throw this.noMatch('dot', other, 'two vectors of one length')
    return this.mul(other).sum()
  }

  /** All products of the elements of two vectors, (n) and (m), as a matrix (n, m). */
  outer(other: Tensor): Tensor {
    this.wantRanks('outer', other, 1, 'two vectors')
    return this.self().unsqueeze(1).mul(other.unsqueeze(0))
  }

  private wantRanks(op: string, other: Tensor, rank: number, expected: string): void {
    if (this.ndim !== rank || other.ndim !== rank) throw this.noMatch(op, other, expected)
  }

  private noMatch(op: string, other: Tensor, expected: string): ShapeError {
    return new ShapeError({
      what: `${op}: the shapes do not fit`,
      expected,
      received: `(${this.shape.join(', ')}) and (${other.shape.join(', ')})`,
      fix: 'matmul() broadcasts, and takes vectors',
    })
  }
}

// A number beside integers must stay an integer: adding 0.5 to ids is a slip, not a wish.
function floating(tensor: Operand, other: number): boolean {
  if (tensor.dtype === 'f32' || tensor.dtype === 'f64' || tensor.dtype === 'bf16' || tensor.dtype === 'f16') return true
  if (Number.isInteger(other)) return tensor.dtype === 'i64'
  throw new DtypeError({
    what: 'a fraction beside integers',
    expected: `a whole number beside ${tensor.dtype}`,
    received: String(other),
    fix: "convert the tensor first: t.to('f32')",
  })
}
