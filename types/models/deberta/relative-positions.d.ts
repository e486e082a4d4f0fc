// Generated from src/models/deberta/relative-positions.ts by `npm run api`. Do not edit.

import type { Tensor } from '../../tensor/tensor.js'
/** The embedding of each distance in a sequence of S tokens. */
export interface RelativeRows {
  /** The first of the embeddings in use, and their number: short sequences need few. */
  readonly from: number
  readonly count: number
  /** Embeddings, counted from `from`, of the distances −(S − 1) to S − 1, (2S − 1) i64. */
  readonly ascending: Tensor
  /** The same for the distances from S − 1 down. */
  readonly descending: Tensor
}
