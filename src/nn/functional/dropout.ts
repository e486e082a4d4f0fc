// Dropout of elements and of whole channels.
import { ShapeError } from '../../errors.js'
import * as ops from '../../generated/ops.js'
import { bad, checkProbability, show } from '../../runtime/options.js'
import { scope } from '../../tensor/scope.js'
import type { Tensor } from '../../tensor/tensor.js'

/** Zeroes each element with probability `p` and divides the others by 1 − p. Returns `x` itself when not training. */
export function dropout(x: Tensor, p = 0.5, training = true): Tensor {
  checkProbability('nn.functional.dropout', 'p', p)
  return training && p > 0 ? ops.dropout(x, p) : x
}

/** Like {@link dropout}, but zeroes whole channels of `(N, C, L)` or `(C, L)`. */
export function dropout1d(x: Tensor, p = 0.5, training = true): Tensor {
  return channelDropout('nn.functional.dropout1d', x, p, training, 3)
}

/** Like {@link dropout}, but zeroes whole channels of `(N, C, H, W)` or, as in PyTorch, `(N, C, L)`. */
export function dropout2d(x: Tensor, p = 0.5, training = true): Tensor {
  return channelDropout('nn.functional.dropout2d', x, p, training, x.ndim === 3 ? 3 : 4)
}

/** Like {@link dropout}, but zeroes whole channels of `(N, C, D, H, W)` or `(C, D, H, W)`. */
export function dropout3d(x: Tensor, p = 0.5, training = true): Tensor {
  return channelDropout('nn.functional.dropout3d', x, p, training, 5)
}

/** Drops channels of an input of `rank` dimensions, or one less without a batch; images (rank 4) need the batch dimension. */
function channelDropout(owner: string, x: Tensor, p: number, training: boolean, rank: number): Tensor {
  if (!(typeof p === 'number' && p >= 0 && p <= 1)) throw bad(owner, 'p', 'a number from 0 to 1', p)
  const lead = x.ndim === rank ? 2 : x.ndim === rank - 1 && rank !== 4 ? 1 : 0
  if (lead === 0) {
    throw new ShapeError({
      what: `${owner}: x has the wrong number of dimensions`,
      expected: `x with ${rank} dimensions, batch and channels first`,
      received: `x ${show(x)}`,
      fix: 'add a batch dimension with unsqueeze(0), or use the dropout function for another number of dimensions',
    })
  }
  if (!training || p === 0) return x
  const shape = x.shape.map((n, i) => (i < lead ? n : 1))
  return scope(() => x.mul(ops.dropout(ops.full(shape, 1, x.dtype), p)))
}
