import { Identity } from '../nn/activations.js'
import { Dropout } from '../nn/dropout.js'
import { wideDtype } from '../nn/linear.js'
import { Module, parameter } from '../nn/module.js'
import { keep, noGrad } from '../tensor/scope.js'
import { zeros } from '../tensor/make.js'
import type { Tensor } from '../tensor/tensor.js'
import type { Factors } from './factors.js'
import { changesBase } from './starts.js'
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

/** No dropout. */
const ALL = new Identity()

/** A named adapter of one layer: the factors, their scaling and dropout. `lora.peft` makes them. */
export class NamedAdapter extends Module {
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
  lora_bias: Tensor | null = null
  /** DoRA's norms of the outputs, or null. */
  magnitude: Tensor | null
  /** The bias that the layer has with this adapter; null for the base's. */
  bias: Tensor | null = null
  /** The factors as they started, when the start took them out of the base: what the layer adds is the difference. Else null. */
  initial_A: Tensor | null = null
  initial_B: Tensor | null = null

  constructor(
    { a, b, magnitude }: { a: Tensor; b: Tensor; magnitude: Tensor | null },
    bias: Tensor | null,
    options: NamedAdapterOptions,
  ) {
    super()
    this.r = options.r
    this.loraAlpha = options.loraAlpha
    this.scaling = options.scaling
    this.loraDropout = new Dropout(options.loraDropout ?? 0)
    this.lora_A = a
    this.lora_B = b
    this.magnitude = magnitude
    if (options.loraBias) this.lora_bias = parameter(zeros([b.shape[0]!], { dtype: wideDtype(b.dtype) }))
    if (options.ownBias && bias) this.bias = parameter(noGrad(() => bias.detach().clone()))
    if (!changesBase(options.init ?? true)) return
    this.registerBuffer(
      'initial_A',
      noGrad(() => keep(a.detach().clone())),
    )
    this.registerBuffer(
      'initial_B',
      noGrad(() => keep(b.detach().clone())),
    )
  }

  /** The update alone: `scaling · (dropout(x) Aᵀ Bᵀ + lora_bias)`, less that of the start where it changes the base; without DoRA's norms. */
  override forward(x: Tensor): Tensor {
    const product = (input: Tensor, a: Tensor, b: Tensor) => input.matmul(a.transpose(0, 1)).matmul(b.transpose(0, 1))
    const trained = product(this.loraDropout.forward(x), this.lora_A, this.lora_B)
    const { initial_A: a, initial_B: b } = this
    const update = a && b ? trained.sub(product(x, a, b)) : trained
    return (this.lora_bias ? update.add(this.lora_bias) : update).mul(this.scaling)
  }

  /** What the layer applies. */
  factors(): Factors {
    const { lora_A: a, lora_B: b, scaling, loraDropout: dropout, lora_bias: loraBias, magnitude } = this
    return { a, b, scaling, dropout, loraBias, magnitude }
  }

  /** What the layer applies besides: the start, taken out of the base, which itself is never changed. */
  residual(): Factors | null {
    const { initial_A: a, initial_B: b, scaling } = this
    return a && b ? { a, b, scaling: -scaling, dropout: ALL, loraBias: null, magnitude: null } : null
  }

  override extraRepr(): string {
    return `r ${this.r}, scaling ${this.scaling}${this.magnitude === null ? '' : ', DoRA'}`
  }
}
