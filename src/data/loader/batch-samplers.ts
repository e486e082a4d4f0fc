// Samplers that choose which rows make a batch, by their lengths.
import { checkInteger } from '../../runtime/options.js'
import { splitSeed } from '../../runtime/random.js'
import { Draws } from './philox.js'

/** Batches whose order is drawn anew in each epoch, from a seed and the number of the epoch. */
abstract class Batches implements Iterable<readonly number[]> {
  protected readonly key: readonly [number, number]
  private epoch = 0

  constructor(seed: number | bigint) {
    this.key = splitSeed(seed)
  }

  /** Batches in an epoch, the same number in each. */
  abstract readonly length: number
  protected abstract batches(draws: Draws): (readonly number[])[]

  *[Symbol.iterator](): Generator<readonly number[], void, void> {
    yield* this.batches(new Draws(this.key, this.epoch++))
  }

  stateDict(): { epoch: number } {
    return { epoch: this.epoch }
  }

  loadStateDict({ epoch }: { epoch: number }): void {
    this.epoch = checkInteger('batchSampler.loadStateDict', 'epoch', epoch, 0)
  }
}

/** Batches that are sorted among themselves. */
const SORTED_TOGETHER = 50

/**
 * Batches of `batchSize` rows of similar length, in random order: the rows are drawn, and among each 50 batches of them sorted by length.
 * @see transformers `LengthGroupedSampler`
 */
export class LengthGroupedBatches extends Batches {
  readonly length: number

  constructor(
    private readonly lengths: ArrayLike<number>,
    private readonly batchSize: number,
    seed: number | bigint,
  ) {
    super(seed)
    checkInteger('LengthGroupedBatches', 'batchSize', batchSize, 1)
    this.length = Math.ceil(lengths.length / batchSize)
  }

  protected batches(draws: Draws): number[][] {
    const { lengths, batchSize } = this
    const order = draws.permutation(lengths.length)
    const batches: number[][] = []
    for (let start = 0; start < order.length; start += batchSize * SORTED_TOGETHER) {
      const some = order.slice(start, start + batchSize * SORTED_TOGETHER)
      some.sort((a, b) => lengths[b]! - lengths[a]!)
      for (let i = 0; i < some.length; i += batchSize) batches.push(some.slice(i, i + batchSize))
    }
    return draws.permutation(batches.length).map((i) => batches[i]!)
  }
}

/**
 * Batches of as many rows as `maxTokens` tokens hold, at least one. Which rows are together is drawn once, the order of the batches in each epoch. Models run a
 * batch without its padding, each row by itself (`sdpaPacked`), so that a batch costs its tokens and no row sees another.
 */
export class PackedBatches extends Batches {
  private readonly packs: number[][] = []

  constructor(lengths: ArrayLike<number>, maxTokens: number, seed: number | bigint) {
    super(seed)
    checkInteger('PackedBatches', 'maxTokens', maxTokens, 1)
    let room = 0
    // The order of this draw is none of an epoch.
    for (const i of new Draws(this.key, 2 ** 31).permutation(lengths.length)) {
      const tokens = lengths[i]!
      if (tokens > room) {
        this.packs.push([])
        room = maxTokens
      }
      this.packs.at(-1)!.push(i)
      room -= tokens
    }
  }

  get length(): number {
    return this.packs.length
  }

  protected batches(draws: Draws): number[][] {
    return draws.permutation(this.packs.length).map((i) => this.packs[i]!)
  }
}
