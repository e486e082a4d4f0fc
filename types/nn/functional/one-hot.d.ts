// Generated from src/nn/functional/one-hot.ts by `npm run api`. Do not edit.

import type { Tensor } from '../../tensor/tensor.js'
/**
 * One-hot vectors, i64: 1 at each id, 0 elsewhere.
 *
 * Shapes: `ids (...)` i64 → `(..., numClasses)`. An id out of range is an {@link IndexError} when the result is read.
 * @throws {DtypeError} for ids that are not i64; {@link OptionError} without a number of classes: inferring it from the ids would have to wait for their values.
 */
export declare function oneHot(ids: Tensor, numClasses: number): Tensor
