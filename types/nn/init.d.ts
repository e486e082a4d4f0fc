// Generated from src/nn/init.ts by `npm run api`. Do not edit.

import type { Generator } from '../runtime/random.js'
import type { Tensor } from '../tensor/tensor.js'
/** Options of the random initializers. */
export interface InitOptions {
  /** Draw from this generator instead of the current stream's. @default the generator of the current stream */
  generator?: Generator
}
/** Options of the Kaiming initializers. */
export interface KaimingOptions extends InitOptions {
  /** Negative slope of the leaky ReLU that follows; used with `leaky_relu` only. @default 0 */
  a?: number
  /** Preserve the variance in the forward pass (`fan_in`) or in the backward pass (`fan_out`). @default 'fan_in' */
  mode?: 'fan_in' | 'fan_out'
  /** The non-linearity that follows. @default 'leaky_relu' */
  nonlinearity?: Nonlinearity
}
/** Options of the Xavier initializers. */
export interface XavierOptions extends InitOptions {
  /** Factor on the standard deviation. @default 1 */
  gain?: number
}
/** The non-linearities that {@link calculateGain} accepts. */
export type Nonlinearity = 'linear' | 'sigmoid' | 'tanh' | 'relu' | 'leaky_relu' | 'selu'
/** Fills with `value`. */
export declare function constant_(tensor: Tensor, value: number): Tensor
/** Fills with 0. */
export declare function zeros_(tensor: Tensor): Tensor
/** Fills with 1. */
export declare function ones_(tensor: Tensor): Tensor
/** Fills with U(low, high). */
export declare function uniform_(tensor: Tensor, low?: number, high?: number, options?: InitOptions): Tensor
/** Fills with N(mean, std²). */
export declare function normal_(tensor: Tensor, mean?: number, std?: number, options?: InitOptions): Tensor
/**
 * Fills with N(mean, std²) truncated to [low, high]: uniform numbers are mapped through the inverse of the normal distribution function,
 * as in PyTorch, so that no draw is rejected.
 */
export declare function truncNormal_(
  tensor: Tensor,
  mean?: number,
  std?: number,
  low?: number,
  high?: number,
  options?: InitOptions,
): Tensor
/** Fills with U(−b, b), b = gain · √(3 / fan) (He et al. 2015). `a: Math.sqrt(5)` gives b = 1/√fan, the default of dense layers. */
export declare function kaimingUniform_(tensor: Tensor, options?: KaimingOptions): Tensor
/** Fills with N(0, gain² / fan) (He et al. 2015). */
export declare function kaimingNormal_(tensor: Tensor, options?: KaimingOptions): Tensor
/** Fills with U(−b, b), b = gain · √(6 / (fanIn + fanOut)) (Glorot and Bengio 2010). */
export declare function xavierUniform_(tensor: Tensor, options?: XavierOptions): Tensor
/** Fills with N(0, 2 · gain² / (fanIn + fanOut)) (Glorot and Bengio 2010). */
export declare function xavierNormal_(tensor: Tensor, options?: XavierOptions): Tensor
/** The recommended gain for a non-linearity: the factor that compensates its effect on the standard deviation, as in PyTorch. */
export declare function calculateGain(nonlinearity: Nonlinearity, slope?: number): number
/**
 * `[fanIn, fanOut]` of a weight (out, in, …kernel).
 * @throws {ShapeError} for fewer than two dimensions.
 */
export declare function calculateFan(tensor: Tensor): [fanIn: number, fanOut: number]
