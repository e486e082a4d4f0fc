// Generated from src/nn/dropout.ts by `npm run api`. Do not edit.

import type { Tensor } from '../tensor/tensor.js'
import { Module } from './module.js'
/**
 * Dropout: in training, each element becomes 0 with probability `p` and the others are divided by 1 − p; in evaluation `x` is returned unchanged.
 *
 * No mask is stored: the random numbers come from a counter-based generator and are recomputed in the backward pass.
 *
 * @example
 * const drop = new nn.Dropout(0.1)
 * @throws {OptionError} when `p` is not between 0 and 1.
 */
export declare class Dropout extends Module {
  /** Probability of dropping an element. */
  readonly p: number
  constructor(p?: number)
  forward(x: Tensor): Tensor
  extraRepr(): string
}
declare abstract class ChannelDropout extends Module {
  /** Probability of dropping a channel. */
  readonly p: number
  constructor(owner: string, p: number)
  extraRepr(): string
}
/** {@link Dropout} of whole channels of `(N, C, L)` or `(C, L)`. */
export declare class Dropout1d extends ChannelDropout {
  constructor(p?: number)
  forward(x: Tensor): Tensor
}
/**
 * {@link Dropout} of whole channels of `(N, C, H, W)` or, as in PyTorch, `(N, C, L)`: neighbouring elements are correlated, so dropping single ones
 * would regularize little.
 */
export declare class Dropout2d extends ChannelDropout {
  constructor(p?: number)
  forward(x: Tensor): Tensor
}
/** {@link Dropout} of whole channels of `(N, C, D, H, W)` or `(C, D, H, W)`. */
export declare class Dropout3d extends ChannelDropout {
  constructor(p?: number)
  forward(x: Tensor): Tensor
}
export {}
