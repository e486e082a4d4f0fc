/** What registering a hook returns: the way to take it back. */
export class HookHandle {
  #remove: (() => void) | null

  constructor(remove: () => void) {
    this.#remove = remove
  }

  /** Takes the hook back. Does nothing the second time. */
  remove(): void {
    this.#remove?.()
    this.#remove = null
  }

  [Symbol.dispose](): void {
    this.remove()
  }
}
