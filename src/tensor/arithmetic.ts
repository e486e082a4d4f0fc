// Arithmetic beyond one op; the methods of Tensor say what each function computes.
import { DtypeError, ShapeError } from '../errors.js'
import * as ops from '../generated/ops.js'
import { lift } from '../generated/tensor-methods.js'
import { isFloat } from './dtype.js'
import type { Tensor } from './tensor.js'

export function add(x: Tensor, other: Tensor | number): Tensor {
  return typeof other === 'number' && isExact(x, other) ? ops.affine(x, 1, other) : ops.add(x, lift(other, x.dtype))
}

export function sub(x: Tensor, other: Tensor | number): Tensor {
  return typeof other === 'number' && isExact(x, other) ? ops.affine(x, 1, -other) : ops.sub(x, lift(other, x.dtype))
}

export function mul(x: Tensor, other: Tensor | number): Tensor {
  return typeof other === 'number' && isExact(x, other) ? ops.affine(x, other, 0) : ops.mul(x, lift(other, x.dtype))
}

export function pow(x: Tensor, exponent: Tensor | number): Tensor {
  return typeof exponent === 'number' ? ops.powScalar(x, exponent) : ops.pow(x, exponent)
}

export function addInPlace<T extends Tensor>(x: T, other: Tensor | number): T {
  if (typeof other === 'number') ops.affineInplace(x, 1, other)
  else ops.addInplace(x, other)
  return x
}

export function subInPlace<T extends Tensor>(x: T, other: Tensor | number): T {
  if (typeof other === 'number') ops.affineInplace(x, 1, -other)
  else ops.subInplace(x, other)
  return x
}

export function mulInPlace<T extends Tensor>(x: T, other: Tensor | number): T {
  if (typeof other === 'number') ops.affineInplace(x, other, 0)
  else ops.mulInplace(x, other)
  return x
}

export function lerp(x: Tensor, end: Tensor, weight: Tensor | number): Tensor {
  return end.sub(x).mul(weight).add(x)
}

export function mm(x: Tensor, other: Tensor): Tensor {
  checkRanks('mm', x, other, 2, '(n, k) and (k, m)')
  return x.matmul(other)
}

export function bmm(x: Tensor, other: Tensor): Tensor {
  checkRanks('bmm', x, other, 3, '(b, n, k) and (b, k, m)')
  if (x.shape[0] !== other.shape[0]) throw noMatch('bmm', x, other, '(b, n, k) and (b, k, m), one b')
  return x.matmul(other)
}

export function dot(x: Tensor, other: Tensor): Tensor {
  checkRanks('dot', x, other, 1, 'two vectors of one length')
  if (x.shape[0] !== other.shape[0]) throw noMatch('dot', x, other, 'two vectors of one length')
  return x.mul(other).sum()
}

export function outer(x: Tensor, other: Tensor): Tensor {
  checkRanks('outer', x, other, 1, 'two vectors')
  return x.unsqueeze(1).mul(other.unsqueeze(0))
}

// A number beside integers must stay an integer: adding 0.5 to ids is a slip, not a wish.
function isExact(x: Tensor, other: number): boolean {
  if (isFloat(x.dtype)) return true
  if (Number.isInteger(other)) return x.dtype === 'i64'
  throw new DtypeError({
    what: 'a fraction beside integers',
    expected: `a whole number beside ${x.dtype}`,
    received: String(other),
    fix: "convert the tensor first: t.to('f32')",
  })
}

function checkRanks(op: string, x: Tensor, other: Tensor, rank: number, expected: string): void {
  if (x.ndim !== rank || other.ndim !== rank) throw noMatch(op, x, other, expected)
}

function noMatch(op: string, x: Tensor, other: Tensor, expected: string): ShapeError {
  return new ShapeError({
    what: `${op}: the shapes do not fit`,
    expected,
    received: `(${x.shape.join(', ')}) and (${other.shape.join(', ')})`,
    fix: 'matmul() broadcasts, and takes vectors',
  })
}
