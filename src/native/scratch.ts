/** The longest buffer that is kept. */
const KEPT_LENGTH = 2 ** 17

/** A buffer for numbers that are read before the next call: an array for each would be much of what a training loop leaves to the garbage collector. */
export class Scratch<A extends { readonly length: number }> {
  readonly #make: (length: number) => A
  #buffer: A

  constructor(make: (length: number) => A) {
    this.#make = make
    this.#buffer = make(512)
  }

  /** At least `length` numbers of any content; the next caller may get the same. */
  take(length: number): A {
    if (length > KEPT_LENGTH) return this.#make(length)
    if (length > this.#buffer.length) this.#buffer = this.#make(Math.min(2 * length, KEPT_LENGTH))
    return this.#buffer
  }
}
