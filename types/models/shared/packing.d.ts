// Generated from src/models/shared/packing.ts by `npm run api`. Do not edit.

import { Tensor } from '../../tensor/tensor.js'
import type { Ids } from '../../generation/ids.js'
/**
 * Which outputs the caller of a decoder reads: those that the mask keeps, all including padding, those at flat positions b·T + t, or the `last` ones of each
 * sequence. Tokens that no such output depends on need not be computed; lists of positions are used only while gradients are recorded.
 */
export type Reads =
  | 'unmasked'
  | 'all'
  | readonly number[]
  | {
      last: number
    }
/** A batch (B, T) without the tokens that are not needed: N rows in a batch of one. */
export declare class Packing {
  private readonly batch
  private readonly length
  /** Flat position b·T + t of each row; ascending. */
  private readonly positions
  /** The first row of each sequence, then N. */
  readonly starts: readonly number[]
  /** Whether every token that the mask keeps is included. */
  readonly isWhole: boolean
  constructor(
    batch: number,
    length: number,
    /** Flat position b·T + t of each row; ascending. */
    positions: Int32Array,
    /** The first row of each sequence, then N. */
    starts: readonly number[],
    /** Whether every token that the mask keeps is included. */
    isWhole: boolean,
  )
  /** Tokens of a row of the batch, padding and those that are not needed included. */
  get width(): number
  /** One more than the largest offset of a token in its sequence. */
  get extent(): number
  /** How many tokens of each row of the batch are included. */
  get counts(): number[]
  /** Whether every row of the batch has a token: sequence b is then row b. */
  get hasEverySequence(): boolean
  /** Whether skipped padding lies between tokens of a sequence. */
  get hasGaps(): boolean
  /** The ids of the rows, (1, N). Ids that all sequences share, (1, T), apply to each of them. */
  take(owner: string, name: string, ids: Ids): Ids
  /** The offset of each row's token in its sequence, (1, N). */
  offsets(): number[][]
  /** The offset of each row's token from the first included token of its sequence, (1, N). */
  offsetsFromFirst(): number[][]
  /** The labels of the tokens `shift` after those of the rows, (1, N); −100 where there is none. */
  labels(labels: readonly (readonly number[])[], shift: number): number[][]
  /** Rows (1, N, C) at their positions in (B, T, C), with zeros for skipped tokens. */
  spread(rows: Tensor): Tensor
}
