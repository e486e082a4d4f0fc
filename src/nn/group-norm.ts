import { ones, zeros } from '../tensor/make.js'
import type { Tensor } from '../tensor/tensor.js'
import { asParameter, wideDtype } from './linear.js'
import { Module } from './module.js'
import { groupNorm } from './functional/norm.js'
import { checkOptions } from '../runtime/check-options.js'
import { bad, checkDevice, checkInteger } from '../runtime/options.js'
import type { PlacementOptions } from '../runtime/options.js'
import { schemas } from '../runtime/tables.js'

/** Options of {@link GroupNorm}. */
export interface GroupNormOptions extends PlacementOptions {
  /** Added to the variance, to avoid division by 0. @minimum 0 @default 1e-5 */
  eps?: number
  /** Learn a scale and a shift for each channel. @default true */
  affine?: boolean
}

/**
 * Group normalization: `y = (x − mean) / √(var + eps) · weight + bias`, with mean and variance (1/count) over each group of channels of each
 * sample (Wu and He 2018). It does not depend on the batch and has no running statistics.
 *
 * Shapes: `x (N, numChannels, ...)` → the same; `weight` and `bias` `(numChannels)`. Init: weight 1, bias 0.
 *
 * @example
 * const norm = new nn.GroupNorm(8, 32)
 * @throws {OptionError} when `numGroups` does not divide `numChannels`. @throws {ShapeError} when `x` has another number of channels.
 */
export class GroupNorm extends Module {
  readonly numGroups: number
  readonly numChannels: number
  readonly eps: number
  weight: Tensor | null = null
  bias: Tensor | null = null

  constructor(numGroups: number, numChannels: number, options: GroupNormOptions = {}) {
    super()
    checkOptions('nn.GroupNorm', options, schemas.GroupNormOptions)
    this.numGroups = checkInteger('nn.GroupNorm', 'numGroups', numGroups, 1)
    this.numChannels = checkInteger('nn.GroupNorm', 'numChannels', numChannels, 1)
    if (numChannels % numGroups !== 0) {
      throw bad('nn.GroupNorm', 'numGroups', `a divisor of numChannels (${numChannels})`, numGroups)
    }
    this.eps = options.eps ?? 1e-5
    const dtype = wideDtype(options.dtype ?? 'f32')
    if (!(options.affine ?? true)) return
    this.weight = asParameter(ones([numChannels], { dtype }))
    this.bias = asParameter(zeros([numChannels], { dtype }))
    checkDevice('nn.GroupNorm', options.device, this.weight)
  }

  override forward(x: Tensor): Tensor {
    return groupNorm(x, this.numGroups, this.weight, this.bias, this.eps)
  }

  override extraRepr(): string {
    const { numGroups, numChannels, eps } = this
    return `${numGroups} groups of ${numChannels} channels, eps ${eps}${this.weight ? '' : ', not affine'}`
  }
}
