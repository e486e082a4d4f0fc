// The MLP of the decoders since Llama: `down(act(gate(x)) · up(x))`, SwiGLU (Shazeer 2020) when `act` is `silu`.
import { Module } from '../../nn/module.js'
import type { Tensor } from '../../tensor/tensor.js'
import { activation, gated, linear, projection } from './parts.js'
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
export class GatedMLP extends Module {
  gate_proj: Layer
  up_proj: Layer
  down_proj: Layer
  act_fn: Layer

  constructor({ width: C, inner, std, activation: name, bias }: GatedMLPOptions, take: WeightSource) {
    super()
    const layer = bias ? linear : projection
    this.gate_proj = layer(take, 'gate_proj', C, inner, std)
    this.up_proj = layer(take, 'up_proj', C, inner, std)
    this.down_proj = layer(take, 'down_proj', inner, C, std)
    this.act_fn = activation(name)
  }

  override forward(x: Tensor): Tensor {
    const [gate, up] = [this.gate_proj.forward(x), this.up_proj.forward(x)] // 2 of (B, T, inner)
    return this.down_proj.forward(gated(this.act_fn, gate, up))
  }
}

/** With one layer for both, the gate first. */
export class FusedGatedMLP extends Module {
  gate_up_proj: Layer
  down_proj: Layer
  activation_fn: Layer

  constructor({ width: C, inner, std, activation: name }: GatedMLPOptions, take: WeightSource) {
    super()
    this.gate_up_proj = projection(take, 'gate_up_proj', C, 2 * inner, std)
    this.down_proj = projection(take, 'down_proj', inner, C, std)
    this.activation_fn = activation(name)
  }

  override forward(x: Tensor): Tensor {
    const [gate, up] = this.gate_up_proj.forward(x).chunk(2, -1) as [Tensor, Tensor] // 2 of (B, T, inner)
    return this.down_proj.forward(gated(this.activation_fn, gate, up))
  }
}
