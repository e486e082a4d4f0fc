import { DtypeError } from '../errors.js'
import * as ops from '../generated/ops.js'
import type { Tensor } from '../tensor.js'
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

  /** Matrix product over the last two dimensions, broadcast over the others; vectors count as a row or a column. */
  matmul(other: Tensor): Tensor {
    return ops.matmul(this, other, false, false)
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
