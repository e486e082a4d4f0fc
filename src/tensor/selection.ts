import * as ops from '../generated/ops.js'
import type { Tensor } from '../tensor.js'
import { Shapes } from './shapes.js'

/** Numbers read and written by index. */
export abstract class Selection extends Shapes {
  gather(dim: number, index: Tensor): Tensor {
    return ops.gather(this, index, dim)
  }

  indexSelect(dim: number, index: Tensor): Tensor {
    return ops.indexSelect(this, index, dim)
  }

  scatterAdd(dim: number, index: Tensor, source: Tensor): Tensor {
    return ops.scatterAdd(this, index, source, dim)
  }
}
