// Generated from src/nn/activations.ts by `npm run api`. Do not edit.

import type { Tensor } from '../tensor/tensor.js'
import { Module } from './module.js'
import type { PlacementOptions } from '../runtime/options.js'
/** `max(x, 0)`. */
export declare class ReLU extends Module {
  forward(x: Tensor): Tensor
}
/** Options of {@link GELU}. */
export interface GELUOptions {
  /** `'tanh'` is the approximation that GPT-2 calls `gelu_new`. @default 'none' */
  approximate?: 'none' | 'tanh'
}
/** `x · Φ(x)`, or its tanh approximation (GPT-2's `gelu_new`). */
export declare class GELU extends Module {
  /** The approximation in use. */
  readonly approximate: 'none' | 'tanh'
  constructor(options?: GELUOptions)
  forward(x: Tensor): Tensor
}
/** `x · σ(x)`. */
export declare class SiLU extends Module {
  forward(x: Tensor): Tensor
}
/** `tanh(x)`. */
export declare class Tanh extends Module {
  forward(x: Tensor): Tensor
}
/** `1 / (1 + e⁻ˣ)`. */
export declare class Sigmoid extends Module {
  forward(x: Tensor): Tensor
}
/** `eˣ / Σ eˣ` along `dim`. */
export declare class Softmax extends Module {
  readonly dim: number
  constructor(dim: number)
  forward(x: Tensor): Tensor
}
/** `x − log Σ eˣ` along `dim`. */
export declare class LogSoftmax extends Module {
  readonly dim: number
  constructor(dim: number)
  forward(x: Tensor): Tensor
}
/** `x` where it is positive, else `negativeSlope · x`. */
export declare class LeakyReLU extends Module {
  readonly negativeSlope: number
  constructor(negativeSlope?: number)
  forward(x: Tensor): Tensor
}
/** `x` where it is positive, else `alpha · (eˣ − 1)`. */
export declare class ELU extends Module {
  readonly alpha: number
  constructor(alpha?: number)
  forward(x: Tensor): Tensor
}
/** `log(1 + e^(beta·x)) / beta`; `x` itself where `beta · x` is above `threshold`. */
export declare class Softplus extends Module {
  readonly beta: number
  readonly threshold: number
  constructor(beta?: number, threshold?: number)
  forward(x: Tensor): Tensor
}
/** `x` clamped to [minVal, maxVal]. @throws {OptionError} when `maxVal` is below `minVal`. */
export declare class Hardtanh extends Module {
  readonly minVal: number
  readonly maxVal: number
  constructor(minVal?: number, maxVal?: number)
  forward(x: Tensor): Tensor
}
/** `min(max(x, 0), 6)`. */
export declare class ReLU6 extends Module {
  forward(x: Tensor): Tensor
}
/** `x · relu6(x + 3) / 6`. */
export declare class Hardswish extends Module {
  forward(x: Tensor): Tensor
}
/** `x · tanh(softplus(x))`. */
export declare class Mish extends Module {
  forward(x: Tensor): Tensor
}
/** `log σ(x)`. */
export declare class LogSigmoid extends Module {
  forward(x: Tensor): Tensor
}
/** The first half of dimension `dim` times σ of the second. */
export declare class GLU extends Module {
  readonly dim: number
  constructor(dim?: number)
  forward(x: Tensor): Tensor
}
/** Options of {@link PReLU}. */
export interface PReLUOptions extends PlacementOptions {
  /** Initial value of the slopes. @default 0.25 */
  init?: number
}
/** `x` where it is positive, else `weight · x` with a learned slope: one for all, or one for each of `numParameters` channels (dimension 1). */
export declare class PReLU extends Module {
  readonly numParameters: number
  weight: Tensor
  constructor(numParameters?: number, options?: PReLUOptions)
  forward(x: Tensor): Tensor
}
/** Returns `x` itself. */
export declare class Identity extends Module {
  forward(x: Tensor): Tensor
}
