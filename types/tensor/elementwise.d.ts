// Generated from src/tensor/elementwise.ts by `npm run api`. Do not edit.

import type { Tensor } from './tensor.js'
import { Arithmetic } from './arithmetic.js'
/** Functions of each element. */
export declare abstract class Elementwise extends Arithmetic {
  neg(): Tensor
  exp(): Tensor
  log(): Tensor
  /** `log(1 + x)`, exact for small x too. */
  log1p(): Tensor
  sqrt(): Tensor
  rsqrt(): Tensor
  square(): Tensor
  abs(): Tensor
  sign(): Tensor
  reciprocal(): Tensor
  sin(): Tensor
  cos(): Tensor
  tanh(): Tensor
  sigmoid(): Tensor
  relu(): Tensor
  silu(): Tensor
  /** GELU: exact, or with the tanh approximation of GPT-2. */
  gelu(approximate?: 'none' | 'tanh'): Tensor
  erf(): Tensor
  floor(): Tensor
  ceil(): Tensor
  /** Nearest integer, halves to even. */
  round(): Tensor
  clamp(min?: number | null, max?: number | null): Tensor
  clampMin(min: number): Tensor
  clampMax(max: number): Tensor
  /** Where it is NaN: never, for integers. */
  isnan(): Tensor
  /** Where it is an infinity of either sign: never, for integers. */
  isinf(): Tensor
  /** Where it is neither NaN nor an infinity: everywhere, for integers. */
  isfinite(): Tensor
  /** `value` where `mask` is true. */
  maskedFill(mask: Tensor, value: number): Tensor
}
