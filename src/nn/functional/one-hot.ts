import { DtypeError } from '../../errors.js'
import { ones, zeros } from '../../tensor/make.js'
import type { Tensor } from '../../tensor/tensor.js'
import { checkInteger, show } from '../../runtime/options.js'

/**
 * One-hot vectors, i64: 1 at each id, 0 elsewhere.
 *
 * Shapes: `ids (...)` i64 → `(..., numClasses)`. An id out of range is an {@link IndexError} when the result is read.
 * @throws {DtypeError} for ids that are not i64; {@link OptionError} without a number of classes: inferring it from the ids would have to wait for their values.
 */
export function oneHot(ids: Tensor, numClasses: number): Tensor {
  const owner = 'nn.functional.oneHot'
  checkInteger(owner, 'numClasses', numClasses, 1)
  if (ids.dtype !== 'i64') {
    throw new DtypeError({
      what: `${owner}: ids must be integers`,
      expected: 'ids i64',
      received: `ids ${show(ids)}`,
      fix: "convert with .to('i64')",
    })
  }
  const rows = zeros([...ids.shape, numClasses], { dtype: 'i64' })
  return rows.scatter(-1, ids.unsqueeze(-1), ones([...ids.shape, 1], { dtype: 'i64' }))
}
