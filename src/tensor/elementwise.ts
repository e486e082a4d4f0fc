import { OptionError } from '../errors.js'
import * as ops from '../generated/ops.js'
import type { Tensor } from './tensor.js'
import { Arithmetic } from './arithmetic.js'

/** Functions of each element. */
export abstract class Elementwise extends Arithmetic {
  neg(): Tensor {
    return ops.neg(this)
  }

  exp(): Tensor {
    return ops.exp(this)
  }

  log(): Tensor {
    return ops.log(this)
  }

  /** `log(1 + x)`, exact for small x too. */
  log1p(): Tensor {
    return ops.log1p(this)
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
        fix: "gelu() is exact, gelu('tanh') is what GPT-2 has",
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

  clampMin(min: number): Tensor {
    return this.clamp(min, null)
  }

  clampMax(max: number): Tensor {
    return this.clamp(null, max)
  }

  /** Where it is NaN: never, for integers. */
  isnan(): Tensor {
    return ops.ne(this, this)
  }

  /** Where it is an infinity of either sign: never, for integers. */
  isinf(): Tensor {
    return this.isFloat() ? this.abs().eq(Infinity) : ops.ne(this, this)
  }

  /** Where it is neither NaN nor an infinity: everywhere, for integers. */
  isfinite(): Tensor {
    return this.isFloat() ? this.abs().lt(Infinity) : ops.eq(this, this)
  }

  /** @internal */
  protected isFloat(): boolean {
    return this.dtype === 'f32' || this.dtype === 'f64' || this.dtype === 'bf16' || this.dtype === 'f16'
  }

  /** `value` where `mask` is true. */
  maskedFill(mask: Tensor, value: number): Tensor {
    return ops.maskedFill(this, mask, value)
  }
}
