// Functions of each element beyond one op; the methods of Tensor say what each computes.
import { OptionError } from '../errors.js'
import * as ops from '../generated/ops.js'
import { isFloat } from './dtype.js'
import type { Tensor } from './tensor.js'

export function gelu(x: Tensor, approximate: 'none' | 'tanh'): Tensor {
  if (approximate !== 'none' && approximate !== 'tanh') {
    throw new OptionError({
      what: 'gelu: no such approximation',
      expected: "'none' or 'tanh'",
      received: String(approximate),
      fix: "gelu() is exact, gelu('tanh') is what GPT-2 has",
    })
  }
  return approximate === 'tanh' ? ops.geluTanh(x) : ops.gelu(x)
}

export function isinf(x: Tensor): Tensor {
  return isFloat(x.dtype) ? x.abs().eq(Infinity) : ops.ne(x, x)
}

export function isfinite(x: Tensor): Tensor {
  return isFloat(x.dtype) ? x.abs().lt(Infinity) : ops.eq(x, x)
}
