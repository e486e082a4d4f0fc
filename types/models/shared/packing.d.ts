// Generated from src/models/shared/packing.ts by `npm run api`. Do not edit.

import { Tensor } from '../../tensor/tensor.js'
import type { Ids } from '../../generation/ids.js'
/**
 * Which outputs the caller of a decoder reads: those that the mask keeps, all with those of padding, those at flat positions b·T + t, or the `last` ones of
 * each sequence. What no such output depends on need not be computed; positions count while gradients are recorded.
 */
export type Reads =
  | 'unmasked'
  | 'all'
  | readonly number[]
  | {
      last: number
    }
/** A batch (B, T) without the tokens that nobody reads: N rows in a batch of one. */
export declare class Packing {
  private readonly batch
  private readonly length
  /** Flat position b·T + t of each row; ascending. */
  private readonly positions
  /** The first row of each sequence, then N. */
  readonly starts: readonly number[]
  /** Whether every token that the mask keeps is there. */
  readonly isWhole: boolean
  constructor(
    batch: number,
    length: number,
    /** Flat position b·T + t of each row; ascending. */
    positions: Int32Array,
    /** The first row of each sequence, then N. */
    starts: readonly number[],
    /** Whether every token that the mask keeps is there. */
    isWhole: boolean,
  )
  /** One more than the last place of a token in its sequence. */
  get extent(): number
  /** Whether no row is left out as a whole: sequence b is then row b. */
  get hasEverySequence(): boolean
  /** Whether padding that was left out lies between tokens of a sequence. */
  get hasGaps(): boolean
  /** The ids of the rows, (1, N). Ids that all sequences share, (1, T), serve each of them. */
  take(owner: string, name: string, ids: Ids): Ids
  /** The place of each row's token in its sequence, (1, N). */
  places(): number[][]
  /** The place of each row's token, counted from the first token of its sequence that is there, (1, N). */
  placesFromFirst(): number[][]
  /** The labels of the tokens `shift` places after those of the rows, (1, N); −100 where there is none. */
  labels(labels: readonly (readonly number[])[], shift: number): number[][]
  /** Rows (1, N, C) at their places in (B, T, C), with zeros for the tokens that were left out. */
  spread(rows: Tensor): Tensor
}
