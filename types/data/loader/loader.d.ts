// Generated from src/data/loader/loader.ts by `npm run api`. Do not edit.

import type { Collated } from './collate.js'
import type { Dataset } from './dataset.js'
/** Options of {@link DataLoader}. */
export interface DataLoaderOptions<S, B> {
  /** Samples in a batch. @default 1 */
  batchSize?: number
  /** Draw a new order in each epoch. @default false */
  shuffle?: boolean
  /** Seed of the orders. @default drawn from the current stream's generator, so `manualSeed` fixes it, too */
  seed?: number | bigint
  /** Leave out a last batch that is not full. @default false */
  dropLast?: boolean
  /** Joins samples to a batch. @default defaultCollate */
  collate?: (samples: S[]) => B
  /** Numbers of the samples, in the order to take them; iterated anew in each epoch. In place of `shuffle`. */
  sampler?: Iterable<number>
}
/** Where a {@link DataLoader} stands. Plain JSON. */
export interface DataLoaderState {
  /** Epoch under way, or the next one. */
  epoch: number
  /** Batches that were handed out in it. */
  batch: number
  /** Low and high half of the seed. */
  seed: [number, number]
  /** What the order depends on besides; it must be the same to go on. */
  length: number
  batchSize: number
  shuffle: boolean
  dropLast: boolean
}
/**
 * Batches of a dataset, epoch by epoch. Each `for` loop is one epoch: `for await (const batch of loader)`, or a plain `for` when neither the
 * dataset nor collate is async. With the same seed the order is the same on every machine.
 *
 * {@link stateDict} is the place between two batches: a loader of the same options that loads it gives exactly the batches that remain.
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
  /** Batches of one epoch. */
  get length(): number
  [Symbol.asyncIterator](): AsyncGenerator<Awaited<B>, void, void>
  /** @throws {AsyncError} when the dataset or collate is async. */
  [Symbol.iterator](): Generator<Awaited<B>, void, void>
  /** Where it stands: after the batches that were handed out up to now. */
  stateDict(): DataLoaderState
  /**
   * Goes to where a state was taken: the next loop gives the batches that remain of its epoch.
   * @throws {OptionError} when the dataset has another length, or the loader other options: the remaining batches would not be those.
   */
  loadStateDict(state: DataLoaderState): void
}
