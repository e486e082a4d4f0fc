// A small generator whose whole state is one number, so that it can be saved in a checkpoint.

export class Random {
  constructor(state) {
    this.state = state >>> 0
  }

  /** A number in [0, 1). Source: mulberry32, Tommy Ettinger 2017, public domain. */
  next() {
    this.state = (this.state + 0x6d2b79f5) >>> 0
    let t = this.state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }

  /** A whole number from 0 to below n. */
  below(n) {
    return Math.floor(this.next() * n)
  }

  /** The numbers 0 to n - 1 in random order. */
  order(n) {
    const order = Uint32Array.from({ length: n }, (_, i) => i)
    for (let i = n - 1; i > 0; i--) {
      const j = this.below(i + 1)
      ;[order[i], order[j]] = [order[j], order[i]]
    }
    return order
  }
}
