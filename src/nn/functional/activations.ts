// Activation functions: operations of the engine, and compositions of them.
import { ShapeError } from '../../errors.js'
import * as ops from '../../generated/ops.js'
import { where } from '../../tensor/make.js'
import { scope } from '../../tensor/scope.js'
import type { Tensor } from '../../tensor/tensor.js'
import { bad, checkChoice, checkInteger, checkNumber, show } from '../../runtime/options.js'
import { perChannel } from './spatial.js'

/** `x · Φ(x)`; `'tanh'` is the approximation that GPT-2 calls `gelu_new`. */
export function gelu(x: Tensor, approximate: 'none' | 'tanh' = 'none'): Tensor {
  return x.gelu(checkChoice('nn.functional.gelu', 'approximate', approximate, ['none', 'tanh']))
}

/** `x · σ(x)`. */
export function silu(x: Tensor): Tensor {
  return x.silu()
}

/** `max(x, 0)`. */
export function relu(x: Tensor): Tensor {
  return x.relu()
}

/** `tanh(x)`. */
export function tanh(x: Tensor): Tensor {
  return x.tanh()
}

/** `1 / (1 + e⁻ˣ)`. */
export function sigmoid(x: Tensor): Tensor {
  return x.sigmoid()
}

/** `eˣ / Σ eˣ` along `dim`. */
export function softmax(x: Tensor, dim: number): Tensor {
  return x.softmax(dim)
}

/** `x − log Σ eˣ` along `dim`. */
export function logSoftmax(x: Tensor, dim: number): Tensor {
  return x.logSoftmax(dim)
}

/** `x` where it is positive, else `negativeSlope · x`. */
export function leakyRelu(x: Tensor, negativeSlope = 0.01): Tensor {
  checkNumber('nn.functional.leakyRelu', 'negativeSlope', negativeSlope)
  return scope(() => where(x.gt(0), x, x.mul(negativeSlope)))
}

/** `x` where it is positive, else `alpha · (eˣ − 1)`. */
export function elu(x: Tensor, alpha = 1): Tensor {
  checkNumber('nn.functional.elu', 'alpha', alpha)
  return scope(() => {
    // eˣ − 1 = 2t / (1 − t) with t = tanh(x/2): exact near 0, and without overflow where the result is not used.
    const t = x.clamp(null, 0).mul(0.5).tanh()
    return where(x.gt(0), x, t.mul(2 * alpha).div(t.neg().add(1)))
  })
}

/** Above this, `log(1 + eˣ)` equals x in every dtype. */
const LINEAR_FROM = 40

/** `log(1 + e^(beta·x)) / beta`, a smooth ReLU; `x` itself where `beta · x` is above `threshold`. */
export function softplus(x: Tensor, beta = 1, threshold = 20): Tensor {
  checkNumber('nn.functional.softplus', 'beta', beta, 0, true)
  checkNumber('nn.functional.softplus', 'threshold', threshold)
  return scope(() => {
    const limit = Math.min(threshold, LINEAR_FROM)
    const z = x.mul(beta)
    return where(
      z.gt(limit),
      x,
      z
        .clamp(null, limit)
        .exp()
        .log1p()
        .mul(1 / beta),
    )
  })
}

/** `log(1 / (1 + e⁻ˣ))`. */
export function logSigmoid(x: Tensor): Tensor {
  return scope(() => softplus(x.neg(), 1, LINEAR_FROM).neg())
}

/**
 * `silu(gate) · up`, the gate of Llama's feed-forward (SwiGLU), in one pass: silu(gate) is neither written to memory nor saved for backward.
 *
 * @throws {ShapeError} when the shapes differ.
 */
export function siluMul(gate: Tensor, up: Tensor): Tensor {
  return ops.siluMul(gate, up)
}

/** `x · tanh(softplus(x))` (Misra 2019). */
export function mish(x: Tensor): Tensor {
  return scope(() => x.mul(softplus(x).tanh()))
}

/** `x` clamped to [minVal, maxVal]; unlike with `clamp`, the gradient is 0 at the bounds themselves. */
export function hardtanh(x: Tensor, minVal = -1, maxVal = 1): Tensor {
  checkNumber('nn.functional.hardtanh', 'minVal', minVal)
  if (checkNumber('nn.functional.hardtanh', 'maxVal', maxVal) < minVal) {
    throw bad('nn.functional.hardtanh', 'maxVal', `a number not below minVal (${minVal})`, maxVal)
  }
  return scope(() => {
    const inside = x.gt(minVal).logicalAnd(x.lt(maxVal))
    return where(inside, x, x.detach().clamp(minVal, maxVal))
  })
}

/** `min(max(x, 0), 6)`. */
export function relu6(x: Tensor): Tensor {
  return hardtanh(x, 0, 6)
}

/** `x · relu6(x + 3) / 6` (Howard et al. 2019), close to `silu` without its exponential; as in PyTorch, the gradient is 0 at −3 and 1 at 3. */
export function hardswish(x: Tensor): Tensor {
  return ops.hardswish(x)
}

/**
 * `x` where it is positive, else `weight · x`: one slope for all, or one for each channel (the second dimension).
 * @throws {ShapeError} when the number of slopes is neither 1 nor C.
 */
export function prelu(x: Tensor, weight: Tensor): Tensor {
  const channels = x.ndim < 2 ? 1 : x.shape[1]!
  if (weight.ndim > 1 || (weight.numel !== 1 && weight.numel !== channels)) {
    throw new ShapeError({
      what: 'nn.functional.prelu: the slopes do not match x',
      expected: `weight (1) or (${channels}), the channels of x`,
      received: `weight ${show(weight)}, x ${show(x)}`,
      fix: 'give one slope for all, or one for each channel (dimension 1 of x)',
    })
  }
  return scope(() => {
    const slope = weight.numel === 1 ? weight.reshape([1]) : perChannel(weight, x)
    return where(x.gt(0), x, x.mul(x.ndim === 0 ? slope.reshape([]) : slope))
  })
}

/** The first half of a dimension times σ of the second (Dauphin et al. 2017). @throws {ShapeError} for a dimension of odd size. */
export function glu(x: Tensor, dim = -1): Tensor {
  const size = x.size(checkInteger('nn.functional.glu', 'dim', dim, -Infinity))
  if (x.ndim === 0 || size % 2 !== 0) {
    throw new ShapeError({
      what: 'nn.functional.glu: the dimension cannot be split in halves',
      expected: `an even size of dimension ${dim}`,
      received: `x ${show(x)}`,
      fix: 'choose a dimension of even size: one half gates the other',
    })
  }
  return scope(() => {
    const [a, b] = x.split(size / 2, dim) as [Tensor, Tensor]
    return a.mul(b.sigmoid())
  })
}
