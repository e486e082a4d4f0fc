// Activation functions as modules, for use in Sequential. The functions of the same names are in functional/activations.ts.
import { full } from '../tensor/make.js'
import type { Tensor } from '../tensor/tensor.js'
import {
  elu,
  glu,
  hardswish,
  hardtanh,
  leakyRelu,
  logSigmoid,
  mish,
  prelu,
  relu6,
  softplus,
} from './functional/activations.js'
import { asParameter, wideDtype } from './linear.js'
import { Module } from './module.js'
import { checkOptions } from '../runtime/check-options.js'
import { bad, checkDevice, checkInteger, checkNumber } from '../runtime/options.js'
import type { PlacementOptions } from '../runtime/options.js'
import { schemas } from '../runtime/tables.js'

/** `max(x, 0)`. */
export class ReLU extends Module {
  override forward(x: Tensor): Tensor {
    return x.relu()
  }
}

/** Options of {@link GELU}. */
export interface GELUOptions {
  /** `'tanh'` is the approximation that GPT-2 calls `gelu_new`. @default 'none' */
  approximate?: 'none' | 'tanh'
}

/** `x · Φ(x)`, or its tanh approximation (GPT-2's `gelu_new`). */
export class GELU extends Module {
  /** The approximation in use. */
  readonly approximate: 'none' | 'tanh'

  constructor(options: GELUOptions = {}) {
    super()
    checkOptions('nn.GELU', options, schemas.GELUOptions)
    this.approximate = options.approximate ?? 'none'
  }

  override forward(x: Tensor): Tensor {
    return x.gelu(this.approximate)
  }
}

/** `x · σ(x)`. */
export class SiLU extends Module {
  override forward(x: Tensor): Tensor {
    return x.silu()
  }
}

/** `tanh(x)`. */
export class Tanh extends Module {
  override forward(x: Tensor): Tensor {
    return x.tanh()
  }
}

/** `1 / (1 + e⁻ˣ)`. */
export class Sigmoid extends Module {
  override forward(x: Tensor): Tensor {
    return x.sigmoid()
  }
}

/** `eˣ / Σ eˣ` along `dim`. */
export class Softmax extends Module {
  readonly dim: number

  constructor(dim: number) {
    super()
    this.dim = checkInteger('nn.Softmax', 'dim', dim, -Infinity)
  }

  override forward(x: Tensor): Tensor {
    return x.softmax(this.dim)
  }
}

/** `x − log Σ eˣ` along `dim`. */
export class LogSoftmax extends Module {
  readonly dim: number

  constructor(dim: number) {
    super()
    this.dim = checkInteger('nn.LogSoftmax', 'dim', dim, -Infinity)
  }

  override forward(x: Tensor): Tensor {
    return x.logSoftmax(this.dim)
  }
}

/** `x` where it is positive, else `negativeSlope · x`. */
export class LeakyReLU extends Module {
  readonly negativeSlope: number

  constructor(negativeSlope = 0.01) {
    super()
    this.negativeSlope = checkNumber('nn.LeakyReLU', 'negativeSlope', negativeSlope)
  }

  override forward(x: Tensor): Tensor {
    return leakyRelu(x, this.negativeSlope)
  }
}

/** `x` where it is positive, else `alpha · (eˣ − 1)`. */
export class ELU extends Module {
  readonly alpha: number

  constructor(alpha = 1) {
    super()
    this.alpha = checkNumber('nn.ELU', 'alpha', alpha)
  }

  override forward(x: Tensor): Tensor {
    return elu(x, this.alpha)
  }
}

/** `log(1 + e^(beta·x)) / beta`; `x` itself where `beta · x` is above `threshold`. */
export class Softplus extends Module {
  readonly beta: number
  readonly threshold: number

  constructor(beta = 1, threshold = 20) {
    super()
    this.beta = checkNumber('nn.Softplus', 'beta', beta, 0, true)
    this.threshold = checkNumber('nn.Softplus', 'threshold', threshold)
  }

  override forward(x: Tensor): Tensor {
    return softplus(x, this.beta, this.threshold)
  }
}

/** `x` clamped to [minVal, maxVal]. @throws {OptionError} when `maxVal` is below `minVal`. */
export class Hardtanh extends Module {
  readonly minVal: number
  readonly maxVal: number

  constructor(minVal = -1, maxVal = 1) {
    super()
    this.minVal = checkNumber('nn.Hardtanh', 'minVal', minVal)
    this.maxVal = checkNumber('nn.Hardtanh', 'maxVal', maxVal)
    if (maxVal < minVal) throw bad('nn.Hardtanh', 'maxVal', `a number not below minVal (${minVal})`, maxVal)
  }

  override forward(x: Tensor): Tensor {
    return hardtanh(x, this.minVal, this.maxVal)
  }
}

/** `min(max(x, 0), 6)`. */
export class ReLU6 extends Module {
  override forward(x: Tensor): Tensor {
    return relu6(x)
  }
}

/** `x · relu6(x + 3) / 6`. */
export class Hardswish extends Module {
  override forward(x: Tensor): Tensor {
    return hardswish(x)
  }
}

/** `x · tanh(softplus(x))`. */
export class Mish extends Module {
  override forward(x: Tensor): Tensor {
    return mish(x)
  }
}

/** `log σ(x)`. */
export class LogSigmoid extends Module {
  override forward(x: Tensor): Tensor {
    return logSigmoid(x)
  }
}

/** The first half of dimension `dim` times σ of the second. */
export class GLU extends Module {
  readonly dim: number

  constructor(dim = -1) {
    super()
    this.dim = checkInteger('nn.GLU', 'dim', dim, -Infinity)
  }

  override forward(x: Tensor): Tensor {
    return glu(x, this.dim)
  }
}

/** Options of {@link PReLU}. */
export interface PReLUOptions extends PlacementOptions {
  /** Initial value of the slopes. @default 0.25 */
  init?: number
}

/** `x` where it is positive, else `weight · x` with a learned slope: one for all, or one for each of `numParameters` channels (dimension 1). */
export class PReLU extends Module {
  readonly numParameters: number
  weight: Tensor

  constructor(numParameters = 1, options: PReLUOptions = {}) {
    super()
    checkOptions('nn.PReLU', options, schemas.PReLUOptions)
    this.numParameters = checkInteger('nn.PReLU', 'numParameters', numParameters, 1)
    const init = options.init ?? 0.25
    const dtype = wideDtype(options.dtype ?? 'f32')
    this.weight = asParameter(full([numParameters], init, { dtype }))
    checkDevice('nn.PReLU', options.device, this.weight)
  }

  override forward(x: Tensor): Tensor {
    return prelu(x, this.weight)
  }
}

/** Returns `x` itself. */
export class Identity extends Module {
  override forward(x: Tensor): Tensor {
    return x
  }
}
