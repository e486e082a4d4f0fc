// Generated from src/models/shared/gated-mlp.ts by `npm run api`. Do not edit.

import { Module } from '../../nn/module.js'
import type { Tensor } from '../../tensor/tensor.js'
import type { Layer } from './parts.js'
import type { WeightSource } from './pretrained.js'
/** Sizes of an MLP. */
export interface GatedMLPOptions {
  /** Channels C. */
  width: number
  /** Features between the layers. */
  inner: number
  /** Standard deviation of fresh weights. */
  std: number
  /** Name of the activation. */
  activation: string
  /** The layers have a bias. */
  bias: boolean
}
/** With one layer for the gate and one for the values. */
export declare class GatedMLP extends Module {
  gate_proj: Layer
  up_proj: Layer
  down_proj: Layer
  act_fn: Layer
  constructor({ width: C, inner, std, activation: name, bias }: GatedMLPOptions, take: WeightSource)
  forward(x: Tensor): Tensor
}
/** With one layer for both, the gate first. */
export declare class FusedGatedMLP extends Module {
  gate_up_proj: Layer
  down_proj: Layer
  activation_fn: Layer
  constructor({ width: C, inner, std, activation: name }: GatedMLPOptions, take: WeightSource)
  forward(x: Tensor): Tensor
}
