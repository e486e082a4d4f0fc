import { ones, zeros } from '../tensor/make.js'
import type { Tensor } from '../tensor/tensor.js'
import { layerNorm } from './functional/layer-norm.js'
import { asParameter, wideDtype } from './linear.js'
import { Module } from './module.js'
import { checkOptions } from '../runtime/check-options.js'
import { checkDevice, checkGiven, checkInteger } from '../runtime/options.js'
import type { PlacementOptions } from '../runtime/options.js'
import { schemas } from '../runtime/tables.js'

/** Options of {@link LayerNorm}. */
export interface LayerNormOptions extends PlacementOptions {
  /** Added to the variance, to avoid division by 0. @minimum 0 @default 1e-5 */
  eps?: number
  /** Learn a scale and a shift for each element. @default true */
  elementwiseAffine?: boolean
  /** Learn the shift; applies only with `elementwiseAffine`. A given tensor is used as the bias. @default true */
  bias?: boolean | Tensor
  /** Use this tensor as the weight. @default a fresh one */
  weight?: Tensor
}

/**
 * Layer normalization: `y = (x − mean) / √(var + eps) · weight + bias` (Ba et al. 2016).
 *
 * Shapes: `x (..., *normalizedShape)` → the same; `weight` and `bias` `normalizedShape`. Mean and variance (1/n) over those dimensions.
 * Init: weight 1, bias 0. Both are f32 in a bf16 or f16 model, f64 in an f64 one.
 *
 * @example
 * const norm = new nn.LayerNorm(768, { eps: 1e-5 })
 * @throws {ShapeError} when the last dimensions of `x` are not `normalizedShape`.
 */
export class LayerNorm extends Module {
  readonly normalizedShape: readonly number[]
  readonly eps: number
  weight: Tensor | null = null
  bias: Tensor | null = null

  constructor(normalizedShape: number | readonly number[], options: LayerNormOptions = {}) {
    super()
    checkOptions('nn.LayerNorm', options, schemas.LayerNormOptions)
    this.normalizedShape = checkShape('nn.LayerNorm', normalizedShape)
    this.eps = options.eps ?? 1e-5
    const dtype = wideDtype(options.dtype ?? 'f32')
    if (!(options.elementwiseAffine ?? true)) return
    const shape = this.normalizedShape
    this.weight = given('nn.LayerNorm', 'weight', options.weight, shape) ?? asParameter(ones(shape, { dtype }))
    checkDevice('nn.LayerNorm', options.device, this.weight)
    const bias = options.bias ?? true
    if (typeof bias !== 'boolean') this.bias = given('nn.LayerNorm', 'bias', bias, shape)
    else if (bias) this.bias = asParameter(zeros(shape, { dtype }))
  }

  override forward(x: Tensor): Tensor {
    return layerNorm(x, this.normalizedShape, this.weight, this.bias, this.eps)
  }

  override extraRepr(): string {
    return `${this.normalizedShape.join(' x ')}, eps ${this.eps}${this.weight ? '' : ', not affine'}`
  }
}

/** The sizes of the normalized dimensions, as a list. */
export function checkShape(owner: string, shape: number | readonly number[]): readonly number[] {
  const sizes = typeof shape === 'number' ? [shape] : [...shape]
  sizes.forEach((n) => checkInteger(owner, 'normalizedShape', n, 1))
  if (sizes.length === 0) checkInteger(owner, 'normalizedShape', Number.NaN, 1)
  return Object.freeze(sizes)
}

/** Checks a tensor given by the caller and makes it a parameter. */
export function given(
  owner: string,
  name: string,
  tensor: Tensor | undefined,
  shape: readonly number[],
): Tensor | null {
  if (tensor === undefined) return null
  checkGiven(owner, name, tensor, shape)
  return asParameter(tensor)
}
