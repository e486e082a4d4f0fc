import * as ops from '../generated/ops.js'
import { zeros } from '../tensor/make.js'
import type { Tensor } from '../tensor/tensor.js'
import { uniform_, normal_ } from './init.js'
import { Module, parameter } from './module.js'
import { checkOptions } from '../runtime/check-options.js'
import { checkDevice, checkGiven, checkInteger } from '../runtime/options.js'
import type { PlacementOptions } from '../runtime/options.js'
import { schemas } from '../runtime/tables.js'

/** Options of {@link Linear}. */
export interface LinearOptions extends PlacementOptions {
  /** Add a learned bias, f32 even with a bf16 or f16 weight. A given tensor (out) is used as the bias. @default true */
  bias?: boolean | Tensor
  /** Use this tensor as the weight, with its dtype: it is neither copied nor initialized. @default a fresh weight */
  weight?: Tensor
}

/**
 * A dense layer: `y = x Wᵀ + bias`.
 *
 * Shapes: `x (..., inFeatures)` → `y (..., outFeatures)`; `weight (outFeatures, inFeatures)`, `bias (outFeatures)`.
 * Init: both uniform in ±1/√inFeatures, as in PyTorch.
 *
 * @example
 * const head = new nn.Linear(768, 3)
 * const y = head.forward(x)          // (8, 768) → (8, 3)
 * @throws {OptionError} for sizes below 1 and for unknown options.
 * @throws {ShapeError} `ERR_LORA_SHAPE` when the last dimension of `x` is not `inFeatures`.
 */
export class Linear extends Module {
  readonly inFeatures: number
  readonly outFeatures: number
  weight: Tensor
  bias: Tensor | null

  constructor(inFeatures: number, outFeatures: number, options: LinearOptions = {}) {
    super()
    checkOptions('nn.Linear', options, schemas.LinearOptions)
    this.inFeatures = checkInteger('nn.Linear', 'inFeatures', inFeatures, 1)
    this.outFeatures = checkInteger('nn.Linear', 'outFeatures', outFeatures, 1)
    const bound = 1 / Math.sqrt(inFeatures)
    this.weight = makeWeight('nn.Linear', [outFeatures, inFeatures], options, (w) => uniform_(w, -bound, bound))
    this.bias = makeBias('nn.Linear', outFeatures, options, this.weight, (b) => uniform_(b, -bound, bound))
  }

  override blockKeys(): readonly string[] {
    return ['weight']
  }

  override forward(x: Tensor): Tensor {
    return ops.linear(x, this.weight, this.bias, 0)
  }

  override extraRepr(): string {
    return `${this.inFeatures} -> ${this.outFeatures}${this.bias ? '' : ', no bias'}`
  }
}

/**
 * A dense layer whose weight is stored as (in, out): `y = x W + bias`. It is Conv1D in Hugging Face's GPT-2, whose files use this layout.
 *
 * Shapes: `x (..., inFeatures)` → `y (..., outFeatures)`; `weight (inFeatures, outFeatures)`, `bias (outFeatures)`.
 * Init: weight N(0, 0.02²), bias 0, as GPT-2.
 */
export class TransposedLinear extends Module {
  readonly inFeatures: number
  readonly outFeatures: number
  weight: Tensor
  bias: Tensor | null

  constructor(inFeatures: number, outFeatures: number, options: LinearOptions = {}) {
    super()
    checkOptions('nn.TransposedLinear', options, schemas.LinearOptions)
    this.inFeatures = checkInteger('nn.TransposedLinear', 'inFeatures', inFeatures, 1)
    this.outFeatures = checkInteger('nn.TransposedLinear', 'outFeatures', outFeatures, 1)
    const shape = [inFeatures, outFeatures]
    this.weight = makeWeight('nn.TransposedLinear', shape, options, (w) => normal_(w, 0, 0.02))
    this.bias = makeBias('nn.TransposedLinear', outFeatures, options, this.weight, () => {})
  }

  override blockKeys(): readonly string[] {
    return ['weight']
  }

  override forward(x: Tensor): Tensor {
    return ops.linear(x, this.weight, this.bias, 1)
  }

  override extraRepr(): string {
    return `${this.inFeatures} -> ${this.outFeatures}${this.bias ? '' : ', no bias'}`
  }
}

/** The weight of a layer: the given one, or a new one filled by `init`. */
export function makeWeight(
  owner: string,
  shape: number[],
  options: Pick<LinearOptions, 'weight' | 'dtype' | 'device'>,
  init: (weight: Tensor) => unknown,
): Tensor {
  const weight = options.weight ?? zeros(shape, { dtype: options.dtype ?? 'f32' })
  checkDevice(owner, options.device, weight)
  if (options.weight) checkGiven(owner, 'weight', weight, shape, true)
  else init(weight)
  return asParameter(weight)
}

/** The bias of a layer: the given one, a new one, or null. With a half-precision weight a new one is f32. */
export function makeBias(
  owner: string,
  outFeatures: number,
  options: Pick<LinearOptions, 'bias'>,
  weight: Tensor,
  init: (bias: Tensor) => unknown,
): Tensor | null {
  const given = options.bias ?? true
  if (given === false) return null
  if (given === true) {
    const bias = zeros([outFeatures], { dtype: wideDtype(weight.dtype) })
    init(bias)
    return parameter(bias)
  }
  checkGiven(owner, 'bias', given, [outFeatures])
  return asParameter(given)
}

/** The dtype of a bias, norm or LoRA factor for a weight of `dtype`: never half precision, in which training would lose small updates. */
export function wideDtype(dtype: string): 'f32' | 'f64' {
  return dtype === 'f64' ? 'f64' : 'f32'
}

/** Makes a tensor a parameter. One that already is a parameter is unchanged, including its `requiresGrad`. */
export function asParameter(tensor: Tensor): Tensor {
  return tensor.isParameter ? tensor : parameter(tensor)
}
