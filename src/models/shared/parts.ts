// Layers of the architectures, filled from a source of weights.
import { GELU, Identity, ReLU, SiLU, Tanh } from '../../nn/activations.js'
import { siluMul } from '../../nn/functional/activations.js'
import { rmsNorm as rmsNormOf } from '../../nn/functional/layer-norm.js'
import { LayerNorm } from '../../nn/layer-norm.js'
import { Linear } from '../../nn/linear.js'
import { hasHooks } from '../../nn/module-hooks.js'
import type { Module } from '../../nn/module.js'
import { RMSNorm } from '../../nn/rms-norm.js'
import type { Tensor } from '../../tensor/tensor.js'
import type { Init, WeightSource } from './pretrained.js'

/** Any layer: injectLora may replace a projection. */
export type Layer = { forward(x: Tensor): Tensor } & Module

/** Makes a norm `name` over the last dimension. */
export type NormMaker = (take: WeightSource, name: string, width: number) => RMSNorm

/** The weights below a path. */
export function within(take: WeightSource, path: string): WeightSource {
  return (name, shape, init) => take(`${path}.${name}`, shape, init)
}

/** A dense layer `name`, weight (out, in): fresh N(0, std²), bias 0. */
export function linear(
  take: WeightSource,
  name: string,
  inFeatures: number,
  outFeatures: number,
  init: number | Init,
): Linear {
  const weight = take(`${name}.weight`, [outFeatures, inFeatures], typeof init === 'number' ? { std: init } : init)
  return new Linear(inFeatures, outFeatures, { weight, bias: take(`${name}.bias`, [outFeatures], { value: 0 }) })
}

/** A dense layer `name` without bias, weight (out, in): fresh N(0, std²). */
export function projection(
  take: WeightSource,
  name: string,
  inFeatures: number,
  outFeatures: number,
  init: number | Init,
): Linear {
  const weight = take(`${name}.weight`, [outFeatures, inFeatures], typeof init === 'number' ? { std: init } : init)
  return new Linear(inFeatures, outFeatures, { weight, bias: false })
}

/** A layer norm `name` over the last dimension. */
export function layerNorm(take: WeightSource, name: string, width: number, eps: number): LayerNorm {
  const weight = take(`${name}.weight`, [width], { value: 1 })
  return new LayerNorm(width, { eps, weight, bias: take(`${name}.bias`, [width], { value: 0 }) })
}

/** A root mean square norm `name` over the last dimension. */
export function rmsNorm(take: WeightSource, name: string, width: number, eps: number): RMSNorm {
  return new RMSNorm(width, { eps, weight: take(`${name}.weight`, [width], { value: 1 }) })
}

/** A {@link RMSNorm} that multiplies by 1 + weight, as Gemma's do: fresh weights are 0. */
export class OffsetRMSNorm extends RMSNorm {
  override forward(x: Tensor): Tensor {
    return rmsNormOf(x, this.normalizedShape, this.weight!.add(1), this.eps)
  }
}

/** An {@link OffsetRMSNorm} `name` over the last dimension. */
export function offsetRmsNorm(take: WeightSource, name: string, width: number, eps: number): RMSNorm {
  return new OffsetRMSNorm(width, { eps, weight: take(`${name}.weight`, [width], { value: 0 }) })
}

/** An activation by the name that config files use. */
export function activation(name: string): Layer {
  if (name === 'gelu_new' || name === 'gelu_pytorch_tanh') return new GELU({ approximate: 'tanh' })
  if (name === 'gelu') return new GELU()
  if (name === 'relu') return new ReLU()
  if (name === 'tanh') return new Tanh()
  return name === 'silu' || name === 'swish' ? new SiLU() : new Identity()
}

/** `act(gate) · up`, as one operation where `act` is a plain silu without hooks. */
export function gated(act: Layer, gate: Tensor, up: Tensor): Tensor {
  const plain = act.constructor === SiLU && !Object.hasOwn(act, 'forward') && !hasHooks(act)
  return plain ? siluMul(gate, up) : act.forward(gate).mul(up)
}
