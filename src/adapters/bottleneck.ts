import { zeros } from '../tensor/make.js'
import { ReLU, SiLU } from '../nn/activations.js'
import { normal_ } from '../nn/init.js'
import type { LayerNorm } from '../nn/layer-norm.js'
import { Linear } from '../nn/linear.js'
import { Module } from '../nn/module.js'
import { checkOptions } from '../runtime/check-options.js'
import { checkInteger } from '../runtime/options.js'
import { schemas } from '../runtime/tables.js'
import type { Tensor } from '../tensor/tensor.js'

/** Options of {@link BottleneckAdapter}. */
export interface BottleneckOptions {
  /** The activation between the two layers; `swish` and `silu` are the same. @default 'relu' */
  activation?: 'relu' | 'swish' | 'silu'
  /** Standard deviation of the fresh weights; biases start at 0. @minimum 0 @default 0.02 */
  std?: number
  /** Type of the parameters. @default 'f32' */
  dtype?: 'f32' | 'f64'
}

type Layer = { forward(x: Tensor): Tensor } & Module

/**
 * A small residual network inside a frozen model: `residual + B act(A x)` (Houlsby et al. 2019).
 *
 * Shapes: `x (..., width)` → `(..., width)`; `adapter_A.weight (size, width)`, `adapter_B.weight (width, size)`, both with a bias.
 * Init: N(0, 0.02²), as the original initialises all layers, so that a new adapter changes little.
 * @see microsoft/LoRA `models/adapter.py`: same names in the state dict.
 */
export class BottleneckAdapter extends Module {
  adapter_A: Layer
  adapter_B: Layer
  private readonly act: Layer

  constructor(width: number, size: number, options: BottleneckOptions = {}) {
    super()
    const owner = 'adapters.BottleneckAdapter'
    checkOptions(owner, options, schemas.BottleneckOptions)
    const { activation = 'relu', std = 0.02, dtype = 'f32' } = options
    const dense = (inFeatures: number, outFeatures: number) => {
      const weight = normal_(zeros([outFeatures, inFeatures], { dtype }), 0, std)
      return new Linear(inFeatures, outFeatures, { weight, bias: zeros([outFeatures], { dtype }) })
    }
    this.adapter_A = dense(checkInteger(owner, 'width', width, 1), checkInteger(owner, 'size', size, 1))
    this.act = activation === 'relu' ? new ReLU() : new SiLU()
    this.adapter_B = dense(size, width)
  }

  override forward(x: Tensor, residual = x): Tensor {
    return this.adapter_B.forward(this.act.forward(this.adapter_A.forward(x))).add(residual)
  }
}

/** The end of each half of a post-norm layer: `LayerNorm(dropout(x Wᵀ + b) + residual)`. */
export interface AddNorm extends Module {
  dense: Layer
  LayerNorm: LayerNorm
  dropout: Layer
  forward(x: Tensor, residual: Tensor): Tensor
}

/** Whether a module ends a half of a post-norm layer, judged by its submodules. */
export function isAddNorm(module: Module): module is AddNorm {
  if (module instanceof AdaptedAddNorm) return false
  const parts = [...module.namedChildren()].map(([name]) => name).sort()
  return parts.join() === 'LayerNorm,dense,dropout'
}

/**
 * An {@link AddNorm} with an adapter: `LayerNorm(adapter(h) + residual)` with `h = dropout(x Wᵀ + b)`. With `normFirst`, as Pfeiffer et al. (2020) have it, the adapter
 * reads `LayerNorm(h + residual)` and adds to `h`; the norm is the same one.
 *
 * Its submodules are those of the module it replaces, under the same names in the state dict; the adapter is `adapter`.
 */
export class AdaptedAddNorm extends Module {
  dense: Layer
  LayerNorm: LayerNorm
  dropout: Layer
  adapter: BottleneckAdapter
  private readonly normFirst: boolean

  constructor({ dense, LayerNorm, dropout, training }: AddNorm, adapter: BottleneckAdapter, normFirst: boolean) {
    super()
    this.dense = dense
    this.LayerNorm = LayerNorm
    this.dropout = dropout
    this.adapter = adapter
    this.normFirst = normFirst
    this.training = training
  }

  override forward(x: Tensor, residual: Tensor): Tensor {
    const h = this.dropout.forward(this.dense.forward(x))
    const read = this.normFirst ? this.LayerNorm.forward(h.add(residual)) : h
    return this.LayerNorm.forward(this.adapter.forward(read, h).add(residual))
  }
}
