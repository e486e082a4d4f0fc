import { ShapeError } from '../errors.js'
import { checkOptions } from '../runtime/check-options.js'
import { checkInteger, show } from '../runtime/options.js'
import { schemas } from '../runtime/tables.js'
import type { Tensor } from '../tensor/tensor.js'
import { checkGroups } from './functional/conv-geometry.js'
import { spread, transposeGeometry } from './functional/conv-transpose.js'
import type { ConvTransposeFunctionalOptions, ConvTransposeGeometry } from './functional/conv-transpose.js'
import type { PerDimension } from './functional/spatial.js'
import { makeKernels } from './kernels.js'
import type { LinearOptions } from './linear.js'
import { Module } from './module.js'

/** Options of the transposed convolutions. */
export interface ConvTransposeOptions extends ConvTransposeFunctionalOptions, LinearOptions {}

/** The base class of the three transposed convolutions. */
abstract class ConvTransposeNd extends Module {
  /** Number of input channels. */
  readonly inChannels: number
  /** Number of output channels. */
  readonly outChannels: number
  /** Kernel sizes, stride, padding, output padding, dilation and groups, one number for each dimension. */
  readonly geometry: ConvTransposeGeometry
  weight: Tensor
  bias: Tensor | null

  constructor(
    private readonly owner: string,
    dims: number,
    inChannels: number,
    outChannels: number,
    kernelSize: PerDimension,
    options: ConvTransposeOptions,
  ) {
    super()
    checkOptions(owner, options, schemas.ConvTransposeOptions)
    this.inChannels = checkInteger(owner, 'inChannels', inChannels, 1)
    this.outChannels = checkInteger(owner, 'outChannels', outChannels, 1)
    const g = transposeGeometry(owner, dims, kernelSize, options)
    this.geometry = g
    checkGroups(owner, g.groups, inChannels, outChannels)
    const shape = [inChannels, outChannels / g.groups, ...g.kernel]
    const { weight, bias } = makeKernels(owner, shape, outChannels, options)
    this.weight = weight
    this.bias = bias
  }

  /**
   * Computes the layer.
   * @param outputSize the desired spatial sizes, where the stride allows several; it replaces `outputPadding`.
   */
  override forward(x: Tensor, outputSize?: readonly number[]): Tensor {
    const extra = outputSize === undefined ? this.geometry.outputPadding : this.paddingFor(x, outputSize)
    return spread(this.owner, x, this.weight, this.bias, this.geometry, extra)
  }

  override extraRepr(): string {
    const { kernel, stride } = this.geometry
    return `${this.inChannels} -> ${this.outChannels}, kernel ${kernel.join('x')}, stride ${stride.join('x')}`
  }

  private paddingFor(x: Tensor, outputSize: readonly number[]): number[] {
    const { kernel, stride, padding, dilation } = this.geometry
    const input = x.shape.slice(-kernel.length)
    const least = kernel.map(
      (taps, d) => (input[d]! - 1) * stride[d]! - 2 * padding[d]! + dilation[d]! * (taps - 1) + 1,
    )
    const extra = least.map((size, d) => (outputSize[d] ?? NaN) - size)
    if (outputSize.length === kernel.length && extra.every((n, d) => n >= 0 && n < stride[d]!)) return extra
    throw new ShapeError({
      what: `${this.owner}: this output size is not possible`,
      expected: least.map((size, d) => `${size} to ${size + stride[d]! - 1}`).join(', '),
      received: show([...outputSize]),
      fix: 'give one size for each spatial dimension, within these bounds',
    })
  }
}

/**
 * A transposed convolution over one dimension: the gradient of `nn.Conv1d` with respect to its input, as a layer. With a stride it upsamples its input.
 *
 * Shapes: `x (N, C, L)` or `(C, L)` → `y (N, out, L')` with
 * `L' = (L − 1)·stride − 2·padding + dilation·(kernelSize − 1) + outputPadding + 1`; `weight (C, out / groups, kernelSize)`, `bias (out)`.
 * Init: both uniform in ±1/√(out / groups · kernelSize), as in PyTorch.
 */
export class ConvTranspose1d extends ConvTransposeNd {
  constructor(inChannels: number, outChannels: number, kernelSize: PerDimension, options: ConvTransposeOptions = {}) {
    super('nn.ConvTranspose1d', 1, inChannels, outChannels, kernelSize, options)
  }
}

/**
 * A transposed convolution over two dimensions; sizes as in {@link ConvTranspose1d}.
 *
 * @example
 * const up = new nn.ConvTranspose2d(16, 8, 4, { stride: 2, padding: 1 })   // (N, 16, H, W) → (N, 8, 2H, 2W)
 */
export class ConvTranspose2d extends ConvTransposeNd {
  constructor(inChannels: number, outChannels: number, kernelSize: PerDimension, options: ConvTransposeOptions = {}) {
    super('nn.ConvTranspose2d', 2, inChannels, outChannels, kernelSize, options)
  }
}

/** A transposed convolution over three dimensions; sizes as in {@link ConvTranspose1d}. */
export class ConvTranspose3d extends ConvTransposeNd {
  constructor(inChannels: number, outChannels: number, kernelSize: PerDimension, options: ConvTransposeOptions = {}) {
    super('nn.ConvTranspose3d', 3, inChannels, outChannels, kernelSize, options)
  }
}
