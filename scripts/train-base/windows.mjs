// Training windows: runs of tokens of one length, drawn from several texts in given shares.
import { Random } from './random.mjs'

/**
 * Each text is split into windows from a random start, and the windows are used in random order, each once; then it is split
 * anew. What follows depends only on the seed and on how many windows were drawn: the state is a few numbers.
 */
export class Windows {
  /**
   * @param {{ name: string, ids: Uint32Array, share: number }[]} texts shares add up to 1
   * @param {number} length tokens of a window
   * @param {number} seed
   */
  constructor(texts, length, seed) {
    this.texts = texts
    this.length = length
    this.seed = seed
    this.random = new Random(seed)
    this.drawn = texts.map(() => 0)
    this.orders = texts.map(() => null)
  }

  /** The next window, as a row of numbers. */
  next() {
    let [which, mark] = [0, this.random.next()]
    while (which < this.texts.length - 1 && mark >= this.texts[which].share) mark -= this.texts[which++].share
    const { ids } = this.texts[which]
    // One window less than fits, so that there is the same number of them for every random start.
    const perPass = Math.max(1, Math.floor(ids.length / this.length) - 1)
    const pass = Math.floor(this.drawn[which] / perPass)
    if (this.orders[which]?.pass !== pass) this.orders[which] = this.#cut(which, pass, perPass)
    const { start, order } = this.orders[which]
    const from = start + order[this.drawn[which]++ % perPass] * this.length
    return Array.from(ids.subarray(from, from + this.length))
  }

  #cut(which, pass, perPass) {
    const random = new Random(this.seed + 7919 * (pass + 1) + 104_729 * (which + 1))
    const spare = this.texts[which].ids.length - perPass * this.length
    return { pass, start: random.below(Math.min(spare, this.length) + 1), order: random.order(perPass) }
  }

  /** How often each text was read: the number of passes. */
  passes() {
    return this.texts.map(({ ids }, i) => (this.drawn[i] * this.length) / ids.length)
  }

  get state() {
    return { random: this.random.state, drawn: [...this.drawn] }
  }

  set state({ random, drawn }) {
    this.random = new Random(random)
    this.drawn = [...drawn]
  }
}
