// Generated from src/nn/functional/one-hot.ts by `npm run api`. Do not edit.

import type { Tensor } from '../../tensor/tensor.js'
/**
 * Rows of zeros with a 1 at each id, i64.
 *
 * Shapes: `ids (...)` i64 → `(..., numClasses)`. An id outside is an {@link IndexError} when the result is read.
 * @throws {DtypeError} for ids that are not i64; {@link OptionError} without a number of classes: reading it off the ids would have to wait.
 */
export declare function oneHot(ids: Tensor, numClasses: number): Tensor
