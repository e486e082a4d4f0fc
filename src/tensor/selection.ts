// Numbers written by index or by mask, in shapes that are known at once; the methods of Tensor say what each function computes.
import { OptionError, ShapeError } from '../errors.js'
import * as ops from '../generated/ops.js'
import { dimension } from './dims.js'
import type { Tensor } from './tensor.js'

export function scatter(x: Tensor, dim: number, index: Tensor, source: Tensor | number): Tensor {
  const from = typeof source === 'number' ? ops.full(index.shape, source, x.dtype) : source
  return ops.scatter(x, index, from, dim)
}

export function indexFill(x: Tensor, dim: number, index: Tensor, value: number): Tensor {
  const at = dimension(x, dim)
  const marks = ops.full([x.shape[at] ?? 1], 0, 'bool')
  const named = ops.scatter(marks, index, ops.full(index.shape, 1, 'bool'), 0)
  return ops.maskedFill(x, named.reshape(x.shape.map((d, i) => (i === at ? d : 1))), value)
}

export function maskedScatter(x: Tensor, mask: Tensor, source: Tensor): Tensor {
  if (source.numel === 0) {
    throw new OptionError({
      what: 'maskedScatter: the source is empty',
      expected: 'a number for each true element of the mask',
      received: 'no number',
      fix: 'give at least as many numbers as the mask has true elements',
    })
  }
  const all = expandMask('maskedScatter', mask, x).reshape(-1)
  const count = ops.cumsum(all, 0, false)
  const next = ops.maskedFill(ops.affine(count, 1, -1), all.logicalNot(), 0)
  const placed = ops.indexSelect(source.reshape(-1), next, 0)
  return ops.where_(all, placed, x.reshape(-1)).reshape(x.shape)
}

/** A mask in the shape of a tensor. */
export function expandMask(op: string, mask: Tensor, x: Tensor): Tensor {
  const fits = mask.ndim <= x.ndim && mask.shape.every((d, i) => d === 1 || d === x.shape.at(i - mask.ndim))
  if (!fits) {
    throw new ShapeError({
      what: `${op}: the mask does not fit`,
      expected: `a mask that broadcasts to (${x.shape.join(', ')})`,
      received: `(${mask.shape.join(', ')})`,
      fix: 'unsqueeze or reshape the mask until its sizes are those of the tensor, or 1',
    })
  }
  return mask.expand(x.shape)
}
