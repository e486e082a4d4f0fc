import { OptionError, ShapeError } from '../errors.js'
import * as ops from '../generated/ops.js'
import type { Tensor } from './tensor.js'
import { Rearrangement } from './rearrangement.js'

/** Numbers read and written by index or by mask, in shapes that are known at once. */
export abstract class Selection extends Rearrangement {
  gather(dim: number, index: Tensor): Tensor {
    return ops.gather(this, index, dim)
  }

  indexSelect(dim: number, index: Tensor): Tensor {
    return ops.indexSelect(this, index, dim)
  }

  scatterAdd(dim: number, index: Tensor, source: Tensor): Tensor {
    return ops.scatterAdd(this, index, source, dim)
  }

  /** With `source` written at `index` along a dimension; of equal indexes the last stays. Index and source have one shape. */
  scatter(dim: number, index: Tensor, source: Tensor | number): Tensor {
    const from = typeof source === 'number' ? ops.full(index.shape, source, this.dtype) : source
    return ops.scatter(this, index, from, dim)
  }

  /** With the rows of `source` added at `index`, a vector, along a dimension. */
  indexAdd(dim: number, index: Tensor, source: Tensor): Tensor {
    return ops.indexAdd(this, index, source, dim)
  }

  /** With `value` in the rows that `index`, a vector, names along a dimension. */
  indexFill(dim: number, index: Tensor, value: number): Tensor {
    const at = this.dimension(dim)
    const marks = ops.full([this.shape[at] ?? 1], 0, 'bool')
    const named = ops.scatter(marks, index, ops.full(index.shape, 1, 'bool'), 0)
    return ops.maskedFill(this, named.reshape(this.shape.map((d, i) => (i === at ? d : 1))), value)
  }

  /**
   * With the numbers of `source`, in their order, where `mask` is true.
   *
   * A source with fewer numbers than the mask has places is an {@link IndexError}, at the latest when the result is read.
   * @throws {OptionError} for a source without numbers; {@link ShapeError} when the mask does not broadcast to the tensor.
   */
  maskedScatter(mask: Tensor, source: Tensor): Tensor {
    if (source.numel === 0) {
      throw new OptionError({
        what: 'maskedScatter: the source is empty',
        expected: 'a number for each true place',
        received: 'no number',
        fix: 'give at least as many numbers as the mask has true places',
      })
    }
    const all = this.covering(mask, 'maskedScatter').reshape(-1)
    const count = ops.cumsum(all, 0, false)
    const next = ops.maskedFill(ops.affine(count, 1, -1), all.logicalNot(), 0)
    const placed = ops.indexSelect(source.reshape(-1), next, 0)
    return ops.where_(all, placed, this.reshape(-1)).reshape([...this.shape])
  }

  /** @internal A mask in the shape of the tensor. */
  protected covering(mask: Tensor, op: string): Tensor {
    const fits = mask.ndim <= this.ndim && mask.shape.every((d, i) => d === 1 || d === this.shape.at(i - mask.ndim))
    if (!fits) {
      throw new ShapeError({
        what: `${op}: the mask does not fit`,
        expected: `a mask that broadcasts to (${this.shape.join(', ')})`,
        received: `(${mask.shape.join(', ')})`,
        fix: 'unsqueeze or reshape the mask until its sizes are those of the tensor, or 1',
      })
    }
    return mask.expand([...this.shape])
  }
}
