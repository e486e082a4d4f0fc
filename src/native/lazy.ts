import { callAsync } from './call.js'
import { reportPinned } from './handle.js'
import { collect } from './collect.js'
import { native } from './load.js'
import { keepStream } from './current-stream.js'

/**
 * Work that is queued already; awaiting it waits until it is done and rejects with its first error. A real promise that is never awaited
 * would end Node on a rejection, so a promise is made only when it is awaited.
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

/** The work queued up to now in the current stream. */
export function lazy(): Lazy {
  // It may be awaited in another stream.
  const inStream = keepStream()
  return new Lazy(() => inStream(waitForQueue))
}

/** Waits for everything recorded in the current stream. */
export async function waitForQueue(): Promise<void> {
  reportPinned()
  await callAsync(() => native.fence(false))
  await collect()
}
