// Random numbers that are reproducible by seed.

/** Source: mulberry32, Tommy Ettinger 2017, public domain. */
export class Random {
  #state

  constructor(seed) {
    this.#state = seed >>> 0
  }

  /** From 0 to below 1. */
  next() {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let t = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }

  /** A whole number from `least` to `most`. */
  whole(least, most) {
    return least + Math.floor(this.next() * (most - least + 1))
  }

  pick(items) {
    return items[this.whole(0, items.length - 1)]
  }

  /** One of the keys, with a probability in proportion to its weight. */
  weighted(weights) {
    const entries = Object.entries(weights)
    let left = this.next() * entries.reduce((sum, [, weight]) => sum + weight, 0)
    return entries.find(([, weight]) => (left -= weight) < 0)[0]
  }

  bytes(length) {
    return Buffer.from(Array.from({ length }, () => this.whole(0, 255)))
  }
}
