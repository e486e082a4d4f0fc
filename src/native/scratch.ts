/** The longest buffer that is kept. */
const KEPT_LENGTH = 2 ** 17

/** A reusable buffer for numbers that are read before the next call: a new array for each call would be much of a training loop's garbage. */
export class Scratch<A extends { readonly length: number }> {
  readonly #make: (length: number) => A
  #buffer: A

  constructor(make: (length: number) => A) {
    this.#make = make
    this.#buffer = make(512)
  }

  /** A buffer of at least `length` numbers, uninitialised; the next call may return the same one. */
  take(length: number): A {
    if (length > KEPT_LENGTH) return this.#make(length)
    if (length > this.#buffer.length) this.#buffer = this.#make(Math.min(2 * length, KEPT_LENGTH))
    return this.#buffer
  }
}
