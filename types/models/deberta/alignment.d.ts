// Generated from src/models/deberta/alignment.ts by `npm run api`. Do not edit.

import type { Tensor } from '../../tensor/tensor.js'
import type { Packing } from '../shared/packing.js'
/** A packed batch as rows without padding on the left. Masked positions within a row stay empty, so distances are as in the input. */
export declare class Alignment {
  /** Length of the longest row, S. */
  readonly width: number
  /** Which positions have a token, (B, 1, 1, S) bool; null when all do. */
  readonly mask: Tensor | null
  private readonly rows
  /** Flat index b·S + s of each token, (N) i64; null when the tokens fill the rows in order. */
  private readonly index
  constructor(packing: Packing)
  /** (1, N, C) → (B, S, C), zeros where there is no token. */
  spread(x: Tensor): Tensor
  /** (B, S, C) → (1, N, C). */
  take(x: Tensor): Tensor
}
