// Generated from src/tensor/arithmetic.ts by `npm run api`. Do not edit.

import type { Tensor } from './tensor.js'
import { Operand } from './operand.js'
/** Operations of two tensors, or of a tensor and a number; shapes are broadcast. */
export declare abstract class Arithmetic extends Operand {
  add(other: Tensor | number): Tensor
  sub(other: Tensor | number): Tensor
  mul(other: Tensor | number): Tensor
  div(other: Tensor | number): Tensor
  pow(exponent: Tensor | number): Tensor
  maximum(other: Tensor | number): Tensor
  minimum(other: Tensor | number): Tensor
  eq(other: Tensor | number): Tensor
  ne(other: Tensor | number): Tensor
  lt(other: Tensor | number): Tensor
  le(other: Tensor | number): Tensor
  gt(other: Tensor | number): Tensor
  ge(other: Tensor | number): Tensor
  logicalAnd(other: Tensor): Tensor
  logicalOr(other: Tensor): Tensor
  logicalNot(): Tensor
  /** `this + weight · (end - this)`. */
  lerp(end: Tensor, weight: Tensor | number): Tensor
  /** `this + value · a · b`. */
  addcmul(a: Tensor, b: Tensor, value?: number): Tensor
  /** `this + value · a / b`. */
  addcdiv(a: Tensor, b: Tensor, value?: number): Tensor
  /** Matrix product over the last two dimensions, broadcast over the others; vectors count as a row or a column. */
  matmul(other: Tensor): Tensor
  /** The product of two matrices. @throws {ShapeError} when either is no matrix. */
  mm(other: Tensor): Tensor
  /** The products of two batches of matrices, (b, n, k) and (b, k, m). @throws {ShapeError} for other ranks or batches. */
  bmm(other: Tensor): Tensor
  /** The sum of the products of two vectors of one length. */
  dot(other: Tensor): Tensor
  /** All products of the elements of two vectors, (n) and (m), as a matrix (n, m). */
  outer(other: Tensor): Tensor
  private wantRanks
  private noMatch
}
