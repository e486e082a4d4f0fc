// A layer of ModernBERT (Warner et al. 2024): attention to all tokens or to those nearby, then a gated MLP, each after a norm.
import * as ops from '../../generated/ops.js'
import { Identity } from '../../nn/activations.js'
import { Dropout } from '../../nn/dropout.js'
import { scaledDotProductAttention } from '../../nn/functional/attention.js'
import { LayerNorm } from '../../nn/layer-norm.js'
import { Linear } from '../../nn/linear.js'
import { Module } from '../../nn/module.js'
import type { Tensor } from '../../tensor/tensor.js'
import type { KeyMask } from '../shared/encoder-input.js'
import type { ModernBertConfig, ModernBertLayerType } from './config.js'
import { activation, gated, within } from '../shared/parts.js'
import type { Layer } from '../shared/parts.js'
import type { WeightSource } from '../shared/pretrained.js'
import { rotate } from '../shared/rotary.js'
import type { Rotation } from '../shared/rotary.js'

/** What a layer needs besides its input. */
export interface ModernBertContext {
  keys: KeyMask
  rotations: Record<ModernBertLayerType, Rotation>
}

/** A layer norm, with a bias if the configuration has one. */
export function modernNorm(take: WeightSource, name: string, config: ModernBertConfig): LayerNorm {
  const { hidden_size: C, norm_eps: eps } = config
  const weight = take(`${name}.weight`, [C], { value: 1 })
  const bias = config.norm_bias && take(`${name}.bias`, [C], { value: 0 })
  return new LayerNorm(C, { eps, weight, bias })
}

/** A dense layer with weight (out, in): fresh N(0, std²) truncated to ±initializer_cutoff_factor·std, bias 0. */
export function cutDense(
  take: WeightSource,
  name: string,
  [inFeatures, outFeatures]: readonly [number, number],
  { std, bias, wide = false }: { std: number; bias: boolean; wide?: boolean },
  { initializer_cutoff_factor: cut }: ModernBertConfig,
): Linear {
  const weight = take(`${name}.weight`, [outFeatures, inFeatures], { std, cut, wide })
  return new Linear(inFeatures, outFeatures, {
    weight,
    bias: bias && take(`${name}.bias`, [outFeatures], { value: 0 }),
  })
}

/** Attention with rotary positions and one product for q, k and v. */
class ModernBertAttention extends Module {
  Wqkv: Layer
  Wo: Layer
  out_drop: Dropout
  private readonly heads: number
  private readonly type: ModernBertLayerType
  /** Keys on either side of a query, its own included; null for all. */
  private readonly window: number | null

  constructor(config: ModernBertConfig, index: number, take: WeightSource) {
    super()
    const { hidden_size: C, initializer_range: std, num_hidden_layers, attention_bias: bias } = config
    this.heads = config.num_attention_heads
    this.type = config.layer_types[index]!
    this.window = this.type === 'full_attention' ? null : Math.floor(config.local_attention / 2) + 1
    this.Wqkv = cutDense(take, 'Wqkv', [C, 3 * C], { std, bias }, config)
    this.Wo = cutDense(take, 'Wo', [C, C], { std: std / Math.sqrt(2 * num_hidden_layers), bias }, config)
    this.out_drop = new Dropout(config.attention_dropout)
  }

  override forward(x: Tensor, { keys, rotations }: ModernBertContext): Tensor {
    const [B = 0, T = 0, C = 0] = x.shape
    const rotation = rotations[this.type]
    const heads = this.Wqkv.forward(x).reshape([B, T, 3 * this.heads, C / this.heads])
    const [first, second, v] = heads.chunk(3, 2) as [Tensor, Tensor, Tensor]
    const [q, k] = [rotate(first, rotation), rotate(second, rotation)] // (B, T, H, D)
    return this.out_drop.forward(this.Wo.forward(this.attend(q, k, v, keys).reshape([B, T, C])))
  }

  private attend(q: Tensor, k: Tensor, v: Tensor, { starts, mask, lengths }: KeyMask): Tensor {
    const { window, dropoutP } = this
    if (starts === null) return scaledDotProductAttention(q, k, v, { layout: 'BTHD', dropoutP, mask, lengths, window })
    return ops.sdpaPacked(q, k, v, starts, starts, 1 / Math.sqrt(q.shape[3]!), 0, dropoutP, window ?? 0, 0)
  }

  private get dropoutP(): number {
    return this.out_drop.training ? this.out_drop.p : 0
  }
}

/** `Wo(dropout(act(a) · b))`, a and b the halves of `Wi(x)`: GeGLU (Shazeer 2020) when `act` is `gelu`. */
class ModernBertMLP extends Module {
  Wi: Layer
  act: Layer
  drop: Dropout
  Wo: Layer

  constructor(config: ModernBertConfig, take: WeightSource) {
    super()
    const {
      hidden_size: C,
      intermediate_size: inner,
      initializer_range: std,
      num_hidden_layers,
      mlp_bias: bias,
    } = config
    this.Wi = cutDense(take, 'Wi', [C, 2 * inner], { std, bias }, config)
    this.act = activation(config.hidden_activation)
    this.drop = new Dropout(config.mlp_dropout)
    this.Wo = cutDense(take, 'Wo', [inner, C], { std: std / Math.sqrt(2 * num_hidden_layers), bias }, config)
  }

  override forward(x: Tensor): Tensor {
    const [a, b] = this.Wi.forward(x).chunk(2, -1) as [Tensor, Tensor]
    return this.Wo.forward(this.drop.forward(gated(this.act, a, b)))
  }
}

/** `x ← x + attn(attn_norm(x));  x ← x + mlp(mlp_norm(x))`; the embeddings are already normalised, so the first layer has no `attn_norm`. */
export class ModernBertLayer extends Module {
  attn_norm: Layer
  attn: ModernBertAttention
  mlp_norm: LayerNorm
  mlp: ModernBertMLP

  constructor(config: ModernBertConfig, index: number, take: WeightSource) {
    super()
    this.attn_norm = index === 0 ? new Identity() : modernNorm(take, 'attn_norm', config)
    this.attn = new ModernBertAttention(config, index, within(take, 'attn'))
    this.mlp_norm = modernNorm(take, 'mlp_norm', config)
    this.mlp = new ModernBertMLP(config, within(take, 'mlp'))
  }

  override forward(x: Tensor, context: ModernBertContext): Tensor {
    const attended = x.add(this.attn.forward(this.attn_norm.forward(x), context))
    return attended.add(this.mlp.forward(this.mlp_norm.forward(attended)))
  }
}
