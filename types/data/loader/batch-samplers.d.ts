// Generated from src/data/loader/batch-samplers.ts by `npm run api`. Do not edit.

import { Draws } from './philox.js'
/** Batches whose order is drawn anew in each epoch, from a seed and the number of the epoch. */
declare abstract class Batches implements Iterable<readonly number[]> {
  protected readonly key: readonly [number, number]
  private epoch
  constructor(seed: number | bigint)
  /** Batches in an epoch, the same number in each. */
  abstract readonly length: number
  protected abstract batches(draws: Draws): (readonly number[])[]
  [Symbol.iterator](): Generator<readonly number[], void, void>
  stateDict(): {
    epoch: number
  }
  loadStateDict({ epoch }: { epoch: number }): void
}
/**
 * Batches of `batchSize` rows of similar length, in random order: the rows are drawn, and among each 50 batches of them sorted by length.
 * @see transformers `LengthGroupedSampler`
 */
export declare class LengthGroupedBatches extends Batches {
  private readonly lengths
  private readonly batchSize
  readonly length: number
  constructor(lengths: ArrayLike<number>, batchSize: number, seed: number | bigint)
  protected batches(draws: Draws): number[][]
}
/**
 * Batches of as many rows as `maxTokens` tokens hold, at least one. Which rows are together is drawn once, the order of the batches in each epoch. Models run a
 * batch without its padding, each row by itself (`sdpaPacked`), so that a batch costs its tokens and no row sees another.
 */
export declare class PackedBatches extends Batches {
  private readonly packs
  constructor(lengths: ArrayLike<number>, maxTokens: number, seed: number | bigint)
  get length(): number
  protected batches(draws: Draws): number[][]
}
export {}
