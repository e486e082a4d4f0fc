// Generated from src/data/loader/dataset.ts by `npm run api`. Do not edit.

import type { Tensor } from '../../tensor/tensor.js'
/** Samples by number. `get` may be async. */
export interface Dataset<S> {
  /** Number of samples. */
  readonly length: number
  /** Sample `index`, from 0. */
  get(index: number): S | Promise<S>
}
/** Samples as rows of tensors: sample i is row i of each. A {@link DataLoader} takes the rows of a batch at once. */
export declare class TensorDataset implements Dataset<Tensor[]> {
  readonly tensors: readonly Tensor[]
  constructor(...tensors: Tensor[])
  get length(): number
  get(index: number): Tensor[]
  /** The rows of a batch, stacked. */
  batch(indices: readonly number[]): Tensor[]
}
/** Some samples of a dataset, in a given order. */
export declare class Subset<S> implements Dataset<S> {
  readonly dataset: Dataset<S> | readonly S[]
  readonly indices: readonly number[]
  constructor(dataset: Dataset<S> | readonly S[], indices: readonly number[])
  get length(): number
  get(index: number): S | Promise<S>
}
/**
 * Splits a dataset at random into parts that share no sample. The same seed gives the same parts on every machine.
 * @param lengths Sizes that add up to the dataset's, or fractions that add up to 1; the remainder of rounding goes to the first parts.
 */
export declare function randomSplit<S>(
  dataset: Dataset<S> | readonly S[],
  lengths: readonly number[],
  options?: {
    seed?: number | bigint
  },
): Subset<S>[]
