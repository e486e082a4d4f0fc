// Generated from src/nn/linear.ts by `npm run api`. Do not edit.

import type { Tensor } from '../tensor/tensor.js'
import { Module } from './module.js'
import type { PlacementOptions } from '../runtime/options.js'
/** Options of {@link Linear}. */
export interface LinearOptions extends PlacementOptions {
  /** Add a learned bias, f32 even with a bf16 or f16 weight. A given tensor (out) is used as the bias. @default true */
  bias?: boolean | Tensor
  /** Use this tensor as the weight, with its dtype: it is neither copied nor initialized. @default a fresh weight */
  weight?: Tensor
}
/**
 * A dense layer: `y = x Wᵀ + bias`.
 *
 * Shapes: `x (..., inFeatures)` → `y (..., outFeatures)`; `weight (outFeatures, inFeatures)`, `bias (outFeatures)`.
 * Init: both uniform in ±1/√inFeatures, as in PyTorch.
 *
 * @example
 * const head = new nn.Linear(768, 3)
 * const y = head.forward(x)          // (8, 768) → (8, 3)
 * @throws {OptionError} for sizes below 1 and for unknown options.
 * @throws {ShapeError} `ERR_LORA_SHAPE` when the last dimension of `x` is not `inFeatures`.
 */
export declare class Linear extends Module {
  readonly inFeatures: number
  readonly outFeatures: number
  weight: Tensor
  bias: Tensor | null
  constructor(inFeatures: number, outFeatures: number, options?: LinearOptions)
  blockKeys(): readonly string[]
  forward(x: Tensor): Tensor
  extraRepr(): string
}
/**
 * A dense layer whose weight is stored as (in, out): `y = x W + bias`. It is Conv1D in Hugging Face's GPT-2, whose files use this layout.
 *
 * Shapes: `x (..., inFeatures)` → `y (..., outFeatures)`; `weight (inFeatures, outFeatures)`, `bias (outFeatures)`.
 * Init: weight N(0, 0.02²), bias 0, as GPT-2.
 */
export declare class TransposedLinear extends Module {
  readonly inFeatures: number
  readonly outFeatures: number
  weight: Tensor
  bias: Tensor | null
  constructor(inFeatures: number, outFeatures: number, options?: LinearOptions)
  blockKeys(): readonly string[]
  forward(x: Tensor): Tensor
  extraRepr(): string
}
