/** Returned when a hook is registered, to remove it. */
export class HookHandle {
  #remove: (() => void) | null

  constructor(remove: () => void) {
    this.#remove = remove
  }

  /** Removes the hook. A second call does nothing. */
  remove(): void {
    this.#remove?.()
    this.#remove = null
  }

  [Symbol.dispose](): void {
    this.remove()
  }
}
