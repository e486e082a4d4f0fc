// Generated from src/adapters/bottleneck.ts by `npm run api`. Do not edit.

import { Module } from '../nn/module.js'
import type { Tensor } from '../tensor/tensor.js'
/** Options of {@link BottleneckAdapter}. */
export interface BottleneckOptions {
  /** The activation between the two layers; `swish` and `silu` are the same. @default 'relu' */
  activation?: 'relu' | 'swish' | 'silu'
  /** Standard deviation of the fresh weights; biases start at 0. @minimum 0 @default 0.02 */
  std?: number
  /** Type of the parameters. @default 'f32' */
  dtype?: 'f32' | 'f64'
}
type Layer = {
  forward(x: Tensor): Tensor
} & Module
/**
 * A small residual network inside a frozen model: `residual + B act(A x)` (Houlsby et al. 2019).
 *
 * Shapes: `x (..., width)` → `(..., width)`; `adapter_A.weight (size, width)`, `adapter_B.weight (width, size)`, both with a bias.
 * Init: N(0, 0.02²), as the original initialises all layers, so that a new adapter changes little.
 * @see microsoft/LoRA `models/adapter.py`: same names in the state dict.
 */
export declare class BottleneckAdapter extends Module {
  adapter_A: Layer
  adapter_B: Layer
  private readonly act
  constructor(width: number, size: number, options?: BottleneckOptions)
  forward(x: Tensor, residual?: Tensor): Tensor
}
export {}
