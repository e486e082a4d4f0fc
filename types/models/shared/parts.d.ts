// Generated from src/models/shared/parts.ts by `npm run api`. Do not edit.

import type { Module } from '../../nn/module.js'
import { RMSNorm } from '../../nn/rms-norm.js'
import type { Tensor } from '../../tensor/tensor.js'
import type { WeightSource } from './pretrained.js'
/** Any layer: injectLora may replace a projection. */
export type Layer = {
  forward(x: Tensor): Tensor
} & Module
/** Makes a norm `name` over the last dimension. */
export type NormMaker = (take: WeightSource, name: string, width: number) => RMSNorm
