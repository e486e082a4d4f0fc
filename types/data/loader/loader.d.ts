// Generated from src/data/loader/loader.ts by `npm run api`. Do not edit.

import type { Collated } from './collate.js'
import type { Dataset } from './dataset.js'
import type { SamplerState } from './sampler.js'
/** Options of {@link DataLoader}. */
export interface DataLoaderOptions<S, B> {
  /** Samples in a batch. @integer @minimum 1 @default 1 */
  batchSize?: number
  /** Draw a new order in each epoch. @default false */
  shuffle?: boolean
  /** Seed of the orders. @default drawn from the current stream's generator, so `manualSeed` fixes it, too */
  seed?: number | bigint
  /** Drop the last batch if it is not full. @default false */
  dropLast?: boolean
  /** Joins samples into a batch. @default defaultCollate */
  collate?: (samples: S[]) => B
  /**
   * Indices of the samples, in the order to use them; iterated once in each epoch. Instead of `shuffle`. The `length` of the loader is that of the sampler: its
   * `length` or `size`, as arrays and sets have them. @default their own order
   */
  sampler?: Iterable<number>
  /**
   * Lists of indices, a batch each; iterated once in each epoch. Instead of `batchSize`, `shuffle`, `dropLast` and `sampler`. Its state is that of a `sampler`.
   * @default batches of `batchSize`
   */
  batchSampler?: Iterable<readonly number[]>
}
/** The position of a {@link DataLoader}. Plain JSON. */
export interface DataLoaderState {
  /** The current epoch, or the next one. */
  epoch: number
  /** Batches of it that were returned. */
  batch: number
  /** Low and high half of the seed. */
  seed: [number, number]
  /** What else the order depends on; it must be the same to resume. */
  length: number
  batchSize: number
  shuffle: boolean
  dropLast: boolean
  /** Of a sampler of the caller. */
  sampler?: SamplerState
}
/**
 * Batches of a dataset, epoch by epoch. Each `for` loop is one epoch: `for await (const batch of loader)`, or a plain `for` when neither the
 * dataset nor collate is async. With the same seed the order is the same on every machine.
 *
 * {@link stateDict} is the position between two batches: a loader with the same options that loads it gives exactly the remaining batches.
 *
 * @example
 * const loader = new lora.DataLoader(samples, { batchSize: 8, shuffle: true, seed: 1 })
 * for (let epoch = 0; epoch < 3; epoch++) for await (const { ids, label } of loader) await step(ids, label)
 * @see torch.utils.data.DataLoader
 */
export declare class DataLoader<S, B = Collated<S>> implements AsyncIterable<B>, Iterable<Awaited<B>> {
  #private
  readonly dataset: Dataset<S> | readonly S[]
  readonly batchSize: number
  readonly dropLast: boolean
  constructor(dataset: Dataset<S> | readonly S[], options?: DataLoaderOptions<S, B>)
  /**
   * Batches of one epoch.
   * @throws {OptionError} with a sampler that has neither `length` nor `size`: counting its indices would draw an order from it.
   */
  get length(): number
  [Symbol.asyncIterator](): AsyncGenerator<Awaited<B>, void, void>
  /** @throws {AsyncError} when the dataset or collate is async. */
  [Symbol.iterator](): Generator<Awaited<B>, void, void>
  /**
   * The position after the batches that were returned so far. A sampler whose order changes from epoch to epoch needs `stateDict()` and
   * `loadStateDict(state)` of its own, see {@link StatefulSampler}: its state is part of this one.
   */
  stateDict(): DataLoaderState
  /**
   * Restores a position: the next loop gives the remaining batches of its epoch.
   * @throws {OptionError} when the length of the dataset or the options of the loader differ, as the remaining batches would be others.
   */
  loadStateDict(state: DataLoaderState): void
}
