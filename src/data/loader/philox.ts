// Philox4x32-10 on the host: an order that depends on the seed alone, on every machine and for any number of threads.

const ROUNDS = 10
const [M0, M1] = [0xd2511f53, 0xcd9e8d57]
const [W0, W1] = [0x9e3779b9, 0xbb67ae85]

/** High half of a product of two 32-bit numbers. */
function high(a: number, b: number): number {
  const [a1, a0, b1, b0] = [a >>> 16, a & 0xffff, b >>> 16, b & 0xffff]
  const middle = a1 * b0 + ((a0 * b0) >>> 16)
  // Each part stays below 2^33, so doubles hold it exactly.
  return (a1 * b1 + Math.floor(middle / 0x10000) + Math.floor(((middle % 0x10000) + a0 * b1) / 0x10000)) >>> 0
}

/** The block of four numbers at a counter (Salmon et al. 2011). */
export function philox(counter: readonly number[], key: readonly [number, number]): number[] {
  let [c0, c1, c2, c3] = counter as [number, number, number, number]
  let [k0, k1] = key
  for (let round = 0; round < ROUNDS; round++) {
    const [h0, l0] = [high(M0, c0), Math.imul(M0, c0) >>> 0]
    const [h1, l1] = [high(M1, c2), Math.imul(M1, c2) >>> 0]
    ;[c0, c1, c2, c3] = [(h1 ^ c1 ^ k0) >>> 0, l1, (h0 ^ c3 ^ k1) >>> 0, l0]
    k0 = (k0 + W0) >>> 0
    k1 = (k1 + W1) >>> 0
  }
  return [c0, c1, c2, c3]
}

/** Whole numbers below a bound, each equally likely, from a seed and the number of an epoch. */
export class Draws {
  #block: number[] = []
  #next = 0
  readonly #key: readonly [number, number]
  readonly #epoch: number

  constructor(key: readonly [number, number], epoch: number) {
    this.#key = key
    this.#epoch = epoch
  }

  #word(): number {
    const at = this.#next++ % 4
    if (at === 0) {
      const block = (this.#next - 1) / 4
      this.#block = philox([block >>> 0, Math.floor(block / 2 ** 32), this.#epoch, 0], this.#key)
    }
    return this.#block[at]!
  }

  /** A whole number from 0 to `bound - 1`. Numbers that would make some results likelier than others are rejected. */
  below(bound: number): number {
    const fair = 2 ** 32 - (2 ** 32 % bound)
    for (;;) {
      const word = this.#word()
      if (word < fair) return word % bound
    }
  }

  /** The numbers 0 to `length - 1` in a random order (Fisher and Yates). */
  permutation(length: number): number[] {
    const order = Array.from({ length }, (_, i) => i)
    for (let i = length - 1; i > 0; i--) {
      const j = this.below(i + 1)
      ;[order[i], order[j]] = [order[j]!, order[i]!]
    }
    return order
  }
}
