import { checkOptions } from '../../runtime/check-options.js'
import { schemas } from '../../runtime/tables.js'
import { AsyncError, OptionError } from '../../errors.js'
import { getRngState, setRngState, splitSeed } from '../../runtime/random.js'
import { defaultCollate } from './collate.js'
import type { Collated } from './collate.js'
import { TensorDataset, checkIndex, sample } from './dataset.js'
import type { Dataset } from './dataset.js'
import { Draws } from './philox.js'
import { checkOrder, checkSampler, loadSampler, samplerState, stateOfSampler } from './sampler.js'
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
export class DataLoader<S, B = Collated<S>> implements AsyncIterable<B>, Iterable<Awaited<B>> {
  readonly dataset: Dataset<S> | readonly S[]
  readonly batchSize: number
  readonly dropLast: boolean
  readonly #shuffle: boolean
  /** Gives indices, or lists of them. */
  readonly #sampler: Iterable<number> | null
  readonly #givesBatches: boolean
  readonly #collate: ((samples: S[]) => B) | null
  #seed: readonly [number, number] | null
  #epoch = 0
  #batch = 0
  /** The sampler's state from which the order of the epoch under way was drawn, and that order. */
  #drawnFrom: unknown
  #drawn: readonly number[] | null = null
  /** The check value of the order that a loaded state goes on with. */
  #resumedOrder: number | null = null
  /** Whether the next loop continues the epoch of a loaded state. */
  #resumes = true

  constructor(dataset: Dataset<S> | readonly S[], options: DataLoaderOptions<S, B> = {}) {
    checkOptions('DataLoader', options, schemas.DataLoaderOptions)
    const { batchSize = 1, shuffle = false, seed, dropLast = false, collate, batchSampler } = options
    const sampler = options.sampler ?? (batchSampler as Iterable<number> | undefined)
    if (batchSampler !== undefined && (options.sampler ?? options.batchSize ?? options.dropLast) !== undefined)
      throw badOption('batchSampler', 'alone, without sampler, batchSize and dropLast', 'both')
    if (sampler !== undefined && shuffle) throw badOption('sampler', 'a sampler or shuffle: true', 'both')
    if (sampler !== undefined) checkSampler(sampler)
    if (!Number.isInteger(dataset?.length) || (!Array.isArray(dataset) && !('get' in dataset))) {
      throw badOption('dataset', 'an array, or an object with length and get(index)', dataset)
    }
    this.dataset = dataset
    this.batchSize = batchSize
    this.dropLast = dropLast
    this.#shuffle = shuffle
    this.#sampler = sampler ?? null
    this.#givesBatches = batchSampler !== undefined
    this.#collate = collate ?? null
    this.#seed = seed === undefined ? null : splitSeed(seed)
  }

  /**
   * Batches of one epoch.
   * @throws {OptionError} with a sampler that has neither `length` nor `size`: counting its indices would draw an order from it.
   */
  get length(): number {
    if (this.#givesBatches) return lengthOf(this.#sampler!)
    const samples = this.#sampler === null ? this.dataset.length : lengthOf(this.#sampler)
    return this.dropLast ? Math.floor(samples / this.batchSize) : Math.ceil(samples / this.batchSize)
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Awaited<B>, void, void> {
    for (const indices of this.#begin()) {
      const samples = this.#rows(indices) ?? (await Promise.all(indices.map((i) => sample(this.dataset, i))))
      const batch = await this.#joined(samples)
      this.#batch++
      yield batch
    }
    this.#end()
  }

  /** @throws {AsyncError} when the dataset or collate is async. */
  *[Symbol.iterator](): Generator<Awaited<B>, void, void> {
    for (const indices of this.#begin()) {
      const samples = this.#rows(indices) ?? indices.map((i) => present(sample(this.dataset, i)))
      const batch = present(this.#joined(samples as S[]))
      this.#batch++
      yield batch as Awaited<B>
    }
    this.#end()
  }

  /**
   * The position after the batches that were returned so far. A sampler whose order changes from epoch to epoch needs `stateDict()` and
   * `loadStateDict(state)` of its own, see {@link StatefulSampler}: its state is part of this one.
   */
  stateDict(): DataLoaderState {
    const [low, high] = this.#seedNow()
    const state = { epoch: this.#epoch, batch: this.#batch, seed: [low, high] as [number, number], ...this.#identity() }
    return this.#sampler === null ? state : { ...state, sampler: this.#samplerState(this.#sampler) }
  }

  #samplerState(sampler: Iterable<number>): SamplerState {
    // After loading a state the order is not drawn yet: it is drawn from the sampler's state as it is now.
    if (this.#resumes) return { ...samplerState(sampler, stateOfSampler(sampler), null), order: this.#resumedOrder }
    return samplerState(sampler, this.#drawnFrom, this.#drawn)
  }

  /**
   * Restores a position: the next loop gives the remaining batches of its epoch.
   * @throws {OptionError} when the length of the dataset or the options of the loader differ, as the remaining batches would be others.
   */
  loadStateDict(state: DataLoaderState): void {
    const own: Record<string, unknown> = this.#identity()
    const given = (state ?? {}) as unknown as Record<string, unknown>
    const other = Object.keys(own).filter((key) => own[key] !== given[key])
    if (other.length > 0) {
      const show = (from: Record<string, unknown>): string =>
        other.map((key) => `${key} ${String(from[key])}`).join(', ')
      throw new OptionError({
        what: 'DataLoader.loadStateDict: the state belongs to another loader',
        expected: show(own),
        received: show(given),
        fix: 'build the loader with the dataset and the options it was saved with',
      })
    }
    for (const key of ['epoch', 'batch'] as const) {
      if (!Number.isInteger(state[key]) || state[key] < 0) throw badOption(`state.${key}`, 'a whole number', state[key])
    }
    if (!Array.isArray(state.seed) || state.seed.length !== 2) throw badOption('state.seed', 'two numbers', state.seed)
    if (this.#sampler !== null) loadSampler(this.#sampler, state.sampler)
    else if (state.sampler !== undefined)
      throw badOption('state', 'that of a loader without a sampler', 'one with a sampler')
    this.#resumedOrder = state.sampler?.order ?? null
    this.#seed = [state.seed[0], state.seed[1]]
    this.#epoch = state.epoch
    this.#batch = state.batch
    this.#resumes = true
  }

  #identity(): Pick<DataLoaderState, 'length' | 'batchSize' | 'shuffle' | 'dropLast'> {
    const { batchSize, dropLast } = this
    return { length: this.dataset.length, batchSize, shuffle: this.#shuffle, dropLast }
  }

  /** The indices of the batches of a loop: the remaining ones after loading a state, else those of a new epoch. */
  *#begin(): Generator<number[], void, void> {
    // A loop that was left early ends its epoch when the next one begins.
    if (!this.#resumes) this.#end()
    this.#resumes = false
    const batches = this.#batches(this.#epoch)
    for (let i = this.#batch; i < batches.length; i++) {
      const indices = batches[i]!
      if (!this.#givesBatches && indices.length < this.batchSize && this.dropLast) return
      yield [...indices]
    }
  }

  /** All batches of an epoch. */
  #batches(epoch: number): (readonly number[])[] {
    if (this.#givesBatches) {
      const sampler = this.#sampler as Iterable<unknown> as Iterable<readonly number[]>
      const drawn: (readonly number[])[] = []
      this.#order(epoch, () => (drawn.push(...sampler), drawn.flat()))
      return drawn
    }
    const order = this.#order(epoch, () => [...this.#sampler!])
    const starts = Array.from({ length: Math.ceil(order.length / this.batchSize) }, (_, i) => i * this.batchSize)
    return starts.map((start) => order.slice(start, start + this.batchSize))
  }

  #end(): void {
    this.#epoch++
    this.#batch = 0
    this.#resumes = true
  }

  #order(epoch: number, draw: () => number[]): number[] {
    const { length } = this.dataset
    if (this.#sampler !== null) {
      this.#drawnFrom = stateOfSampler(this.#sampler)
      const order = draw()
      for (const index of order) checkIndex(index, length)
      if (this.#resumedOrder !== null) checkOrder(order, this.#resumedOrder)
      this.#resumedOrder = null
      return (this.#drawn = order)
    }
    if (!this.#shuffle) return Array.from({ length }, (_, i) => i)
    return new Draws(this.#seedNow(), epoch).permutation(length)
  }

  /** The seed: the given one, or the next number of the current stream's generator. */
  #seedNow(): readonly [number, number] {
    if (this.#seed === null) {
      const [low, high, counter, top] = getRngState() as [number, number, number, number]
      const draws = new Draws([(low ^ 0x9e3779b9) >>> 0, (high ^ top) >>> 0], counter)
      this.#seed = [draws.below(2 ** 32), draws.below(2 ** 32)]
      const carry = counter === 0xffffffff
      setRngState([low, high, carry ? 0 : counter + 1, carry ? (top + 1) >>> 0 : top])
    }
    return this.#seed
  }

  /** The batch of a {@link TensorDataset}, without a tensor for each row. */
  #rows(indices: readonly number[]): Ready | null {
    return this.#collate === null && this.dataset instanceof TensorDataset
      ? new Ready(this.dataset.batch(indices))
      : null
  }

  #joined(samples: S[] | Ready): B {
    if (samples instanceof Ready) return samples.batch as B
    return this.#collate === null ? (defaultCollate(samples) as unknown as B) : this.#collate(samples)
  }
}

/** How many indices a sampler gives, as it says. */
function lengthOf(sampler: Iterable<number>): number {
  const { length, size } = sampler as { length?: unknown; size?: unknown }
  const stated = length ?? size
  if (typeof stated === 'number' && Number.isInteger(stated) && stated >= 0) return stated
  throw new OptionError({
    what: 'DataLoader: the sampler does not say how many indices it gives',
    expected: 'a sampler with length or size, a whole number',
    received: stated === undefined ? 'neither' : String(stated),
    fix: 'add it: { length: 100, *[Symbol.iterator]() { … } }; an array has it',
  })
}

/** A batch that needs no joining. */
class Ready {
  readonly batch: unknown

  constructor(batch: unknown) {
    this.batch = batch
  }
}

/** A value that is not a promise. */
function present<T>(value: T | Promise<T>): T {
  if (!(value instanceof Promise)) return value
  value.catch(() => {})
  throw new AsyncError({
    what: 'DataLoader: the dataset or collate is async',
    expected: 'for await (const batch of loader)',
    received: 'a plain for loop',
    fix: 'write for await instead of for',
  })
}

function badOption(name: string, expected: string, received: unknown): OptionError {
  return new OptionError({
    what: `DataLoader: ${name} is not usable`,
    expected,
    received: String(received),
    fix: `pass ${name} as ${expected}`,
  })
}
