// The norms of DoRA, without the product of the factors.
import * as ops from '../generated/ops.js'
import { wideDtype } from '../nn/linear.js'
import { keep, noGrad } from '../tensor/scope.js'
import type { Tensor } from '../tensor/tensor.js'
import type { Factors } from './factors.js'

/** A tensor of kernels as a matrix with a row for each output. */
export const asMatrix = (x: Tensor): Tensor => (x.ndim > 2 ? x.reshape([x.shape[0]!, -1]) : x)

/** The norms of the outputs of a weight with an update. The weight is frozen: its own part is computed once. */
export class DoraNorms {
  private squares: { of: Tensor; version: number; value: Tensor } | null = null

  /**
   * The norms of the outputs of W + sBA: ‖W‖² + 2s Σ (W Aᵀ)∘B + s² Σ (B A Aᵀ)∘B, each sum over its row. No gradient flows into them.
   * @param layout 0 for W (out, in), kernels too; 1 for (in, out)
   */
  of(weight: Tensor, layout: 0 | 1, factors: Pick<Factors, 'a' | 'b' | 'scaling'>): Tensor {
    return noGrad(() => {
      const { scaling } = factors
      const [a, b] = [asMatrix(factors.a), asMatrix(factors.b)]
      const crossed = ops.linear(a, asMatrix(weight), null, layout).transpose(0, 1) // (out, r)
      const squared = b.matmul(a.matmul(a.transpose(0, 1)))
      const sum = crossed.mul(2 * scaling).add(squared.mul(scaling * scaling))
      // In f64: the rounding of a norm would be an error that all outputs of its row have in common.
      const norms = this.ofWeight(weight, layout).add(sum.mul(b).sum(1).to('f64')).sqrt()
      return norms.to(wideDtype(weight.dtype))
    })
  }

  private ofWeight(weight: Tensor, layout: 0 | 1): Tensor {
    const known = this.squares
    if (known && known.of === weight && known.version === weight.version) return known.value
    known?.value.dispose()
    const wide = asMatrix(weight.to(wideDtype(weight.dtype)))
    const value = keep(
      wide
        .square()
        .sum(layout === 1 ? 0 : 1)
        .to('f64'),
    )
    this.squares = { of: weight, version: weight.version, value }
    return value
  }
}
