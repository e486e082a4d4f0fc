import { IndexError, OptionError, ShapeError } from '../../errors.js'
import * as ops from '../../generated/ops.js'
import { tensor } from '../../tensor/make.js'
import { splitSeed } from '../../runtime/random.js'
import type { Tensor } from '../../tensor/tensor.js'
import { Draws } from './philox.js'

/** Samples by number. `get` may be async. */
export interface Dataset<S> {
  /** Number of samples. */
  readonly length: number
  /** Sample `index`, from 0. */
  get(index: number): S | Promise<S>
}

/** Samples as rows of tensors: sample i is row i of each. A {@link DataLoader} takes the rows of a batch at once. */
export class TensorDataset implements Dataset<Tensor[]> {
  readonly tensors: readonly Tensor[]

  constructor(...tensors: Tensor[]) {
    const lengths = tensors.map((t) => t.shape[0])
    if (tensors.length === 0 || lengths.some((n) => n === undefined || n !== lengths[0])) {
      throw new ShapeError({
        what: 'TensorDataset: the tensors have no common number of rows',
        expected: 'at least one tensor, all with the same first dimension',
        received: tensors.map((t) => `(${t.shape.join(', ')})`).join(', ') || 'no tensor',
        fix: 'give each tensor one row for each sample',
      })
    }
    this.tensors = tensors
  }

  get length(): number {
    return this.tensors[0]!.shape[0]!
  }

  get(index: number): Tensor[] {
    checkIndex(index, this.length)
    return this.tensors.map((t) => t.narrow(0, index, 1).squeeze(0))
  }

  /** The rows of a batch, stacked. */
  batch(indices: readonly number[]): Tensor[] {
    for (const index of indices) checkIndex(index, this.length)
    const rows = tensor(BigInt64Array.from(indices, BigInt))
    try {
      return this.tensors.map((t) => ops.indexSelect(t, rows, 0))
    } finally {
      rows.dispose()
    }
  }
}

/** Some samples of a dataset, in a given order. */
export class Subset<S> implements Dataset<S> {
  readonly dataset: Dataset<S> | readonly S[]
  readonly indices: readonly number[]

  constructor(dataset: Dataset<S> | readonly S[], indices: readonly number[]) {
    for (const index of indices) checkIndex(index, dataset.length)
    this.dataset = dataset
    this.indices = indices
  }

  get length(): number {
    return this.indices.length
  }

  get(index: number): S | Promise<S> {
    checkIndex(index, this.length)
    return sample(this.dataset, this.indices[index]!)
  }
}

/**
 * Splits a dataset at random into parts that share no sample. The same seed gives the same parts on every machine.
 * @param lengths Sizes that add up to the dataset's, or fractions that add up to 1; the remainder of rounding goes to the first parts.
 */
export function randomSplit<S>(
  dataset: Dataset<S> | readonly S[],
  lengths: readonly number[],
  options: { seed?: number | bigint } = {},
): Subset<S>[] {
  const sizes = sizesOf(lengths, dataset.length)
  const order = new Draws(splitSeed(options.seed ?? 0), 0).permutation(dataset.length)
  let start = 0
  return sizes.map((size) => new Subset(dataset, order.slice(start, (start += size))))
}

function sizesOf(lengths: readonly number[], total: number): number[] {
  const sum = lengths.reduce((n, x) => n + x, 0)
  const usable = lengths.length > 0 && lengths.every((x) => x >= 0)
  if (usable && lengths.every(Number.isInteger) && sum === total) return [...lengths]
  if (usable && Math.abs(sum - 1) < 1e-9) {
    const sizes = lengths.map((share) => Math.floor(share * total + 1e-9))
    for (let i = 0, rest = total - sizes.reduce((n, x) => n + x, 0); rest > 0; i++, rest--) sizes[i % sizes.length]!++
    return sizes
  }
  throw new OptionError({
    what: 'randomSplit: the lengths do not fit the dataset',
    expected: `whole numbers that add up to ${total}, or fractions that add up to 1`,
    received: `[${lengths.join(', ')}]`,
    fix: 'give fractions such as [0.9, 0.1], or numbers of samples that add up',
  })
}

/** Sample `index` of a dataset or an array. */
export function sample<S>(dataset: Dataset<S> | readonly S[], index: number): S | Promise<S> {
  return isArray(dataset) ? dataset[index]! : dataset.get(index)
}

function isArray<S>(dataset: Dataset<S> | readonly S[]): dataset is readonly S[] {
  return Array.isArray(dataset)
}

/** @throws {IndexError} for an index that the dataset does not have. */
export function checkIndex(index: number, length: number): void {
  if (Number.isInteger(index) && index >= 0 && index < length) return
  throw new IndexError({
    what: 'a dataset has no such sample',
    expected: length === 0 ? 'nothing: it is empty' : `0 to ${length - 1}`,
    received: String(index),
    fix: 'indices count from 0; check that the sampler or the list of indices belongs to this dataset',
  })
}
