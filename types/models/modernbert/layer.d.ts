// Generated from src/models/modernbert/layer.ts by `npm run api`. Do not edit.

import { Dropout } from '../../nn/dropout.js'
import { LayerNorm } from '../../nn/layer-norm.js'
import { Module } from '../../nn/module.js'
import type { Tensor } from '../../tensor/tensor.js'
import type { KeyMask } from '../shared/encoder-input.js'
import type { ModernBertConfig, ModernBertLayerType } from './config.js'
import type { Layer } from '../shared/parts.js'
import type { WeightSource } from '../shared/pretrained.js'
import type { Rotation } from '../shared/rotary.js'
/** What a layer needs besides its input. */
export interface ModernBertContext {
  keys: KeyMask
  rotations: Record<ModernBertLayerType, Rotation>
}
/** Attention with rotary positions and one product for q, k and v. */
declare class ModernBertAttention extends Module {
  Wqkv: Layer
  Wo: Layer
  out_drop: Dropout
  private readonly heads
  private readonly type
  /** Keys on either side of a query, its own included; null for all. */
  private readonly window
  constructor(config: ModernBertConfig, index: number, take: WeightSource)
  forward(x: Tensor, { keys, rotations }: ModernBertContext): Tensor
  private attend
  private get dropoutP()
}
/** `Wo(dropout(act(a) · b))`, a and b the halves of `Wi(x)`: GeGLU (Shazeer 2020) when `act` is `gelu`. */
declare class ModernBertMLP extends Module {
  Wi: Layer
  act: Layer
  drop: Dropout
  Wo: Layer
  constructor(config: ModernBertConfig, take: WeightSource)
  forward(x: Tensor): Tensor
}
/** `x ← x + attn(attn_norm(x));  x ← x + mlp(mlp_norm(x))`; the embeddings are already normalised, so the first layer has no `attn_norm`. */
export declare class ModernBertLayer extends Module {
  attn_norm: Layer
  attn: ModernBertAttention
  mlp_norm: LayerNorm
  mlp: ModernBertMLP
  constructor(config: ModernBertConfig, index: number, take: WeightSource)
  forward(x: Tensor, context: ModernBertContext): Tensor
}
export {}
