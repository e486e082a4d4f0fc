// Generated from src/lora/factors.ts by `npm run api`. Do not edit.

import type { Module } from '../nn/module.js'
import type { Tensor } from '../tensor/tensor.js'
/** A value of a layer's `loraDropout`: a module, or a function of a tensor. */
export type DropoutLike = Module | ((x: Tensor) => Tensor)
/** Low-rank factors, and how forward applies them. */
export interface Factors {
  readonly a: Tensor
  readonly b: Tensor
  readonly scaling: number
  readonly dropout: DropoutLike
  /** Of the second factor: added, scaled, to the output. */
  readonly loraBias: Tensor | null
  /** Of DoRA, one for each output. */
  readonly magnitude: Tensor | null
}
/** What a forward computes with. */
export interface InUse {
  readonly weight: Tensor
  readonly bias: Tensor | null
  /** Those that are not in the weight. */
  readonly factors: readonly Factors[]
}
