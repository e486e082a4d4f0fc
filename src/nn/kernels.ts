// Parameters of convolutions.
import type { Tensor } from '../tensor/tensor.js'
import { uniform_ } from './init.js'
import { makeBias, makeWeight } from './linear.js'
import type { LinearOptions } from './linear.js'

/** A weight and a bias, given or new. New ones are uniform in ±1/√(product of all sizes of the weight except the first), as in PyTorch. */
export function makeKernels(
  owner: string,
  shape: number[],
  outChannels: number,
  options: LinearOptions,
): { weight: Tensor; bias: Tensor | null } {
  const bound = 1 / Math.sqrt(shape.slice(1).reduce((n, size) => n * size, 1))
  const fill = (tensor: Tensor) => uniform_(tensor, -bound, bound)
  const weight = makeWeight(owner, shape, options, fill)
  return { weight, bias: makeBias(owner, outChannels, options, weight, fill) }
}
