import * as ops from '../generated/ops.js'
import type { Tensor } from '../tensor.js'
import { Module } from './module.js'
import { checkProbability } from './options.js'

/**
 * Dropout: in training, each element becomes 0 with probability `p` and the others are divided by 1 − p; else `x` passes unchanged.
 *
 * No mask is stored: the numbers come from a counter generator and are made again in the backward pass.
 *
 * @example
 * const drop = new nn.Dropout(0.1)
 * @throws {OptionError} when `p` is not from 0 to 1.
 */
export class Dropout extends Module {
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
