// Generated from src/lora/named-adapter.ts by `npm run api`. Do not edit.

import { Dropout } from '../nn/dropout.js'
import { Module } from '../nn/module.js'
import type { Tensor } from '../tensor/tensor.js'
import type { Factors } from './factors.js'
import type { LoraStart } from './starts.js'
/** What a named adapter of a layer is. */
export interface NamedAdapterOptions {
  /** Rank of the update. @integer @minimum 1 */
  r: number
  /** Scaling numerator, for the record. */
  loraAlpha: number
  /** What the update is multiplied by. */
  scaling: number
  /** Dropout probability on the input of the update, in training. @minimum 0 @maximum 1 @default 0 */
  loraDropout?: number
  /** Scale each output to a trained norm. @default false */
  useDora?: boolean
  /** A bias of the second factor. @default false */
  loraBias?: boolean
  /** A copy of the layer's bias that belongs to the adapter. @default false */
  ownBias?: boolean
  /** How the factors start: as `LoraConfig.initLoraWeights` says. @default true */
  init?: LoraStart
}
/** A named adapter of one layer: the factors, their scaling and dropout. `lora.peft` makes them. */
export declare class NamedAdapter extends Module {
  readonly r: number
  readonly loraAlpha: number
  /** What the update is multiplied by. */
  scaling: number
  readonly loraDropout: Dropout
  /** First factor. */
  lora_A: Tensor
  /** Second factor. */
  lora_B: Tensor
  /** The bias of the second factor, or null. */
  lora_bias: Tensor | null
  /** DoRA's norms of the outputs, or null. */
  magnitude: Tensor | null
  /** The bias that the layer has with this adapter; null for the base's. */
  bias: Tensor | null
  /** The factors as they started, when the start took them out of the base: what the layer adds is the difference. Else null. */
  initial_A: Tensor | null
  initial_B: Tensor | null
  constructor(
    {
      a,
      b,
      magnitude,
    }: {
      a: Tensor
      b: Tensor
      magnitude: Tensor | null
    },
    bias: Tensor | null,
    options: NamedAdapterOptions,
  )
  /** The update alone: `scaling · (dropout(x) Aᵀ Bᵀ + lora_bias)`, less that of the start where it changes the base; without DoRA's norms. */
  forward(x: Tensor): Tensor
  /** What the layer applies. */
  factors(): Factors
  /** What the layer applies besides: the start, taken out of the base, which itself is never changed. */
  residual(): Factors | null
  extraRepr(): string
}
