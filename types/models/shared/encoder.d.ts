// Generated from src/models/shared/encoder.ts by `npm run api`. Do not edit.

import { Dropout } from '../../nn/dropout.js'
import type { LayerNorm } from '../../nn/layer-norm.js'
import { Module } from '../../nn/module.js'
import type { Tensor } from '../../tensor/tensor.js'
import type { PostNormConfig } from './encoder-config.js'
import type { KeyMask } from './encoder-input.js'
import type { Layer } from './parts.js'
import type { WeightSource } from './pretrained.js'
declare class SelfAttention extends Module {
  query: Layer
  key: Layer
  value: Layer
  dropout: Dropout
  private readonly heads
  constructor(config: PostNormConfig, take: WeightSource)
  /** `x (B, S, C)` gives keys and values, `read (B, T, C)` the queries → (B, T, C). */
  forward(x: Tensor, read: Tensor, keys: KeyMask): Tensor
}
/** `LayerNorm(dropout(x Wᵀ + b) + residual)`: the end of each half of a layer. */
export declare class DenseAddNorm extends Module {
  dense: Layer
  LayerNorm: LayerNorm
  dropout: Dropout
  constructor(config: PostNormConfig, inFeatures: number, take: WeightSource)
  forward(x: Tensor, residual: Tensor): Tensor
}
declare class Attention extends Module {
  self: SelfAttention
  output: DenseAddNorm
  constructor(config: PostNormConfig, take: WeightSource)
  forward(x: Tensor, read: Tensor, keys: KeyMask): Tensor
}
/** `act(x Wᵀ + b)`: the first layer of the MLP. */
export declare class Intermediate extends Module {
  dense: Layer
  intermediate_act_fn: Layer
  constructor(config: PostNormConfig, take: WeightSource)
  forward(x: Tensor): Tensor
}
/** `a = norm(x + attention(x));  y = norm(a + output(act(intermediate(a))))`. */
declare class EncoderLayer extends Module {
  attention: Attention
  intermediate: Intermediate
  output: DenseAddNorm
  constructor(config: PostNormConfig, take: WeightSource)
  /** With `onlyFirst` the output of the first token of each row alone, which attends to all tokens. */
  forward(x: Tensor, keys: KeyMask, onlyFirst: boolean): Tensor
}
/** The layers one after the other. */
export declare class Encoder extends Module {
  layer: EncoderLayer[]
  constructor(config: PostNormConfig, take: WeightSource)
  /**
   * Embeddings `x (B, T, C)` → all hidden states, the embeddings first. With `onlyFirst` the last state is (B, 1, C): what only other
   * positions need is not computed in the last layer. A packed batch is (1, N, C), and its first tokens are (1, B, C).
   */
  forward(x: Tensor, keys: KeyMask, onlyFirst: boolean, checkpointed: boolean): Tensor[]
}
/** `tanh(x₀ Wᵀ + b)` of the first token. */
export declare class Pooler extends Module {
  dense: Layer
  constructor(config: Pick<PostNormConfig, 'hidden_size' | 'initializer_range'>, take: WeightSource)
  /** `(B, T, C)` → `(B, C)`. */
  forward(x: Tensor): Tensor
}
export {}
