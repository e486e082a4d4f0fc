// Generated from src/models/shared/rotary.ts by `npm run api`. Do not edit.

import { Tensor } from '../../tensor/tensor.js'
/** Rows of the tables for the tokens of one forward. */
export interface Rotation {
  /** (rows, D/2). */
  readonly cos: Tensor
  readonly sin: Tensor
  /** The row of each token, (B, T); null for row t at token t. */
  readonly rows: Tensor | null
}
export {}
