import * as ops from '../generated/ops.js'
import type { Tensor } from '../tensor/tensor.js'
import { dropout1d, dropout2d, dropout3d } from './functional/dropout.js'
import { Module } from './module.js'
import { checkProbability } from '../runtime/options.js'

/**
 * Dropout: in training, each element becomes 0 with probability `p` and the others are divided by 1 − p; in evaluation `x` is returned unchanged.
 *
 * No mask is stored: the random numbers come from a counter-based generator and are recomputed in the backward pass.
 *
 * @example
 * const drop = new nn.Dropout(0.1)
 * @throws {OptionError} when `p` is not between 0 and 1.
 */
export class Dropout extends Module {
  /** Probability of dropping an element. */
  readonly p: number

  constructor(p = 0.5) {
    super()
    this.p = checkProbability('nn.Dropout', 'p', p)
  }

  override forward(x: Tensor): Tensor {
    return this.training && this.p > 0 ? ops.dropout(x, this.p) : x
  }

  override extraRepr(): string {
    return `p ${this.p}`
  }
}

abstract class ChannelDropout extends Module {
  /** Probability of dropping a channel. */
  readonly p: number

  constructor(owner: string, p: number) {
    super()
    this.p = checkProbability(owner, 'p', p)
  }

  override extraRepr(): string {
    return `p ${this.p}`
  }
}

/** {@link Dropout} of whole channels of `(N, C, L)` or `(C, L)`. */
export class Dropout1d extends ChannelDropout {
  constructor(p = 0.5) {
    super('nn.Dropout1d', p)
  }

  override forward(x: Tensor): Tensor {
    return dropout1d(x, this.p, this.training)
  }
}

/**
 * {@link Dropout} of whole channels of `(N, C, H, W)` or, as in PyTorch, `(N, C, L)`: neighbouring elements are correlated, so dropping single ones
 * would regularize little.
 */
export class Dropout2d extends ChannelDropout {
  constructor(p = 0.5) {
    super('nn.Dropout2d', p)
  }

  override forward(x: Tensor): Tensor {
    return dropout2d(x, this.p, this.training)
  }
}

/** {@link Dropout} of whole channels of `(N, C, D, H, W)` or `(C, D, H, W)`. */
export class Dropout3d extends ChannelDropout {
  constructor(p = 0.5) {
    super('nn.Dropout3d', p)
  }

  override forward(x: Tensor): Tensor {
    return dropout3d(x, this.p, this.training)
  }
}
