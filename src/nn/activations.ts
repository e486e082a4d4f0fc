// Activations as modules, for use in Sequential. The formulas stand beside the functions of the same name in functional.ts.
import type { Tensor } from '../tensor.js'
import { Module } from './module.js'
import { checkChoice, checkInteger, checkKeys } from './options.js'

/** `max(x, 0)`. */
export class ReLU extends Module {
  override forward(x: Tensor): Tensor {
    return x.relu()
  }
}

/** `x · Φ(x)`, or its tanh approximation (GPT-2's `gelu_new`). */
export class GELU extends Module {
  readonly approximate: 'none' | 'tanh'

  constructor(options: { approximate?: 'none' | 'tanh' } = {}) {
    super()
    checkKeys('nn.GELU', options, ['approximate'])
    this.approximate = checkChoice('nn.GELU', 'approximate', options.approximate ?? 'none', ['none', 'tanh'])
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

/** `x` itself. */
export class Identity extends Module {
  override forward(x: Tensor): Tensor {
    return x
  }
}
