// The checked geometry of a transposed convolution, shared by nn and nn.functional.
import * as ops from '../../generated/ops.js'
import { bad } from '../../runtime/options.js'
import type { Tensor } from '../../tensor/tensor.js'
import type { ConvFunctionalOptions } from './conv-geometry.js'
import { batched, perDimension } from './spatial.js'
import type { PerDimension } from './spatial.js'

/** Options of the transposed convolution functions. */
export interface ConvTransposeFunctionalOptions extends Pick<ConvFunctionalOptions, 'dilation' | 'groups'> {
  /** Step between the output positions of neighbouring input elements. @integer @minimum 1 @default 1 */
  stride?: PerDimension
  /** Positions removed from both sides of each output dimension. @integer @minimum 0 @default 0 */
  padding?: PerDimension
  /** Positions added to the end of each output dimension; must be less than the stride or the dilation. @integer @minimum 0 @default 0 */
  outputPadding?: PerDimension
}

/** The checked geometry of a transposed convolution, with one number for each spatial dimension. */
export interface ConvTransposeGeometry {
  /** Kernel sizes. */
  readonly kernel: readonly number[]
  /** Steps between the output positions of neighbouring input elements. */
  readonly stride: readonly number[]
  /** Positions removed from both sides of the output. */
  readonly padding: readonly number[]
  /** Positions added to the end of the output. */
  readonly outputPadding: readonly number[]
  /** Steps between kernel elements. */
  readonly dilation: readonly number[]
  /** Number of groups of channels. */
  readonly groups: number
}

/** Checks the options of a transposed convolution over `dims` dimensions. */
export function transposeGeometry(
  owner: string,
  dims: number,
  kernelSize: PerDimension,
  options: ConvTransposeFunctionalOptions,
): ConvTransposeGeometry {
  const numbers = (name: string, value: unknown, min: number) => perDimension(owner, name, value, dims, min)
  const stride = numbers('stride', options.stride ?? 1, 1)
  const dilation = numbers('dilation', options.dilation ?? 1, 1)
  const outputPadding = numbers('outputPadding', options.outputPadding ?? 0, 0)
  if (outputPadding.some((n, d) => n >= Math.max(stride[d]!, dilation[d]!))) {
    throw bad(owner, 'outputPadding', 'less than the stride or the dilation', options.outputPadding)
  }
  return {
    kernel: numbers('kernelSize', kernelSize, 1),
    stride,
    padding: numbers('padding', options.padding ?? 0, 0),
    outputPadding,
    dilation,
    groups: options.groups ?? 1,
  }
}

/** The transposed convolution of `x` with a weight (C, out / groups, *kernel). */
export function spread(
  owner: string,
  x: Tensor,
  weight: Tensor,
  bias: Tensor | null,
  g: ConvTransposeGeometry,
  outputPadding = g.outputPadding,
): Tensor {
  return batched(owner, x, g.kernel.length, (batch) =>
    ops.convTranspose(batch, weight, bias, g.stride, g.padding, outputPadding, g.dilation, g.groups),
  )
}
