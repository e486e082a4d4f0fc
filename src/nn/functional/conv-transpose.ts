// What the options of a transposed convolution mean, once for nn and functional.
import * as ops from '../../generated/ops.js'
import { bad } from '../../runtime/options.js'
import type { Tensor } from '../../tensor/tensor.js'
import type { ConvFunctionalOptions } from './conv-geometry.js'
import { batched, perDimension } from './spatial.js'
import type { PerDimension } from './spatial.js'

/** Numbers that say how a transposed convolution spreads its input. */
export interface ConvTransposeFunctionalOptions extends Pick<ConvFunctionalOptions, 'dilation' | 'groups'> {
  /** Step between the positions that neighbours of the input are spread to. @integer @minimum 1 @default 1 */
  stride?: PerDimension
  /** Positions cut from both sides of each dimension of the output. @integer @minimum 0 @default 0 */
  padding?: PerDimension
  /** Positions added behind each dimension of the output; less than the stride or the dilation. @integer @minimum 0 @default 0 */
  outputPadding?: PerDimension
}

/** The options of a transposed convolution, with one number for each dimension. */
export interface ConvTransposeGeometry {
  readonly kernel: readonly number[]
  readonly stride: readonly number[]
  readonly padding: readonly number[]
  readonly outputPadding: readonly number[]
  readonly dilation: readonly number[]
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
