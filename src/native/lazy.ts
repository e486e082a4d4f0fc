import { callAsync } from './call.js'
import { reportPinned } from './handle.js'
import { collect } from './collect.js'
import { native } from './load.js'
import { keepStream } from './current-stream.js'

/**
 * Work that is queued already; awaiting it waits until it is done and rejects with its first error. A real promise that nobody awaits
 * would end Node on a rejection, so this becomes one only when asked.
 */
export class Lazy implements PromiseLike<void> {
  readonly #settle: () => Promise<void>

  constructor(settle: () => Promise<void> = waitForQueue) {
    this.#settle = settle
  }

  then<A = void, B = never>(
    done?: ((value: void) => A | PromiseLike<A>) | null,
    failed?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#settle().then(done, failed)
  }

  catch<B = never>(failed: (reason: unknown) => B | PromiseLike<B>): Promise<void | B> {
    return this.#settle().catch(failed)
  }

  finally(last: () => void): Promise<void> {
    return this.#settle().finally(last)
  }
}

/** What is queued up to now in the current stream. */
export function lazy(): Lazy {
  // Whoever awaits it may be elsewhere.
  const there = keepStream()
  return new Lazy(() => there(waitForQueue))
}

/** Waits for everything recorded in the current stream. */
export async function waitForQueue(): Promise<void> {
  reportPinned()
  await callAsync(() => native.fence(false))
  await collect()
}
