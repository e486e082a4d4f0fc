/** Numbers up to which their room is used again. */
const REUSED = 2 ** 17

/** Room for numbers that are read before the next call: an array for each would be much of what a training loop leaves to the garbage collector. */
export class Scratch<A extends { readonly length: number }> {
  readonly #make: (length: number) => A
  #room: A

  constructor(make: (length: number) => A) {
    this.#make = make
    this.#room = make(512)
  }

  /** At least `length` numbers of any content; the next caller may get the same. */
  take(length: number): A {
    if (length > REUSED) return this.#make(length)
    if (length > this.#room.length) this.#room = this.#make(Math.min(2 * length, REUSED))
    return this.#room
  }
}
