import { ones } from '../tensor/make.js'
import type { Tensor } from '../tensor/tensor.js'
import { rmsNorm } from './functional/layer-norm.js'
import { checkShape, given } from './layer-norm.js'
import { asParameter, wideDtype } from './linear.js'
import { Module } from './module.js'
import { checkOptions } from '../runtime/check-options.js'
import { checkDevice } from '../runtime/options.js'
import type { PlacementOptions } from '../runtime/options.js'
import { schemas } from '../runtime/tables.js'

/** Options of {@link RMSNorm}. */
export interface RMSNormOptions extends PlacementOptions {
  /** Added to the mean square, to avoid division by 0. @minimum 0 @default 1e-6 */
  eps?: number
  /** Learn a scale for each element. @default true */
  elementwiseAffine?: boolean
  /** Use this tensor as the weight. @default a fresh one */
  weight?: Tensor
}

/**
 * Root mean square normalization: `y = x / √(mean(x²) + eps) · weight` (Zhang and Sennrich 2019). No mean is subtracted and no bias added.
 *
 * Shapes: `x (..., *normalizedShape)` → the same; `weight` `normalizedShape`. Init: weight 1; f32 in a bf16 or f16 model.
 */
export class RMSNorm extends Module {
  readonly normalizedShape: readonly number[]
  readonly eps: number
  weight: Tensor | null = null

  constructor(normalizedShape: number | readonly number[], options: RMSNormOptions = {}) {
    super()
    checkOptions('nn.RMSNorm', options, schemas.RMSNormOptions)
    this.normalizedShape = checkShape('nn.RMSNorm', normalizedShape)
    this.eps = options.eps ?? 1e-6
    const dtype = wideDtype(options.dtype ?? 'f32')
    if (!(options.elementwiseAffine ?? true)) return
    const shape = this.normalizedShape
    this.weight = given('nn.RMSNorm', 'weight', options.weight, shape) ?? asParameter(ones(shape, { dtype }))
    checkDevice('nn.RMSNorm', options.device, this.weight)
  }

  override forward(x: Tensor): Tensor {
    return rmsNorm(x, this.normalizedShape, this.weight, this.eps)
  }

  override extraRepr(): string {
    return `${this.normalizedShape.join(' x ')}, eps ${this.eps}${this.weight ? '' : ', not affine'}`
  }
}
