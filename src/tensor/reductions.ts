import * as ops from '../generated/ops.js'
import type { Tensor } from '../tensor.js'
import { list } from './operand.js'
import { Selection } from './selection.js'

/** Many numbers to few, along dimensions. */
export abstract class Reductions extends Selection {
  sum(dims?: number | readonly number[] | null, keepdim = false): Tensor {
    return ops.sum(this, list(dims), keepdim)
  }

  mean(dims?: number | readonly number[] | null, keepdim = false): Tensor {
    return ops.mean(this, list(dims), keepdim)
  }

  var(dims?: number | readonly number[] | null, options: { correction?: number; keepdim?: boolean } = {}): Tensor {
    return ops.variance(this, list(dims), options.correction ?? 1, options.keepdim ?? false)
  }

  std(dims?: number | readonly number[] | null, options: { correction?: number; keepdim?: boolean } = {}): Tensor {
    return this.var(dims, options).sqrt()
  }

  /** Largest over dimensions, or over all. */
  max(dims?: number | readonly number[] | null, keepdim = false): Tensor {
    return ops.amax(this, list(dims), keepdim)
  }

  min(dims?: number | readonly number[] | null, keepdim = false): Tensor {
    return ops.amin(this, list(dims), keepdim)
  }

  amax(dims?: number | readonly number[] | null, keepdim = false): Tensor {
    return this.max(dims, keepdim)
  }

  amin(dims?: number | readonly number[] | null, keepdim = false): Tensor {
    return this.min(dims, keepdim)
  }

  /** Place of the largest along a dimension, or in the flattened tensor. */
  argmax(dim?: number | null, keepdim = false): Tensor {
    return dim === undefined || dim === null ? ops.argmax(this.reshape(-1), 0, false) : ops.argmax(this, dim, keepdim)
  }

  argmin(dim?: number | null, keepdim = false): Tensor {
    return dim === undefined || dim === null ? ops.argmin(this.reshape(-1), 0, false) : ops.argmin(this, dim, keepdim)
  }

  logsumexp(dims: number | readonly number[], keepdim = false): Tensor {
    return ops.logsumexp(this, list(dims), keepdim)
  }

  softmax(dim: number): Tensor {
    return ops.softmax(this, dim)
  }

  logSoftmax(dim: number): Tensor {
    return ops.logSoftmax(this, dim)
  }
}
