import { call } from './native/call.js'
import { waitForQueue } from './native/lazy.js'
import { native } from './native/load.js'
import { splitSeed } from './random.js'
import { refuseAsync } from './scope.js'

/** Options of {@link stream}. */
export interface StreamOptions {
  /** Higher ones are served first: generation before training. @default 0 */
  priority?: number
  /** Seed of the stream's own generator. @default a random one */
  seed?: number | bigint
}

/** An ordered queue of its own: one per trainer or request. Dependencies on other streams are kept by themselves. */
export class Stream {
  readonly #number: number

  constructor(options: StreamOptions = {}) {
    const [low, high] = splitSeed(options.seed ?? Math.floor(Math.random() * Number.MAX_SAFE_INTEGER))
    this.#number = call(() => native.openStream(options.priority ?? 0, low, high))
  }

  /** Records what `fn` does into this stream. @throws {AsyncError} for an async function. */
  run<T>(fn: () => T): T {
    const before = call(() => native.setStream(this.#number))
    try {
      return refuseAsync(fn(), 'stream.run')
    } finally {
      native.setStream(before)
    }
  }

  /** Waits for everything recorded in it. */
  synchronize(): Promise<void> {
    return this.run(() => ({ wait: waitForQueue() })).wait
  }

  /** Skips what is queued; whoever awaits it gets an AbortedError. */
  abort(reason = 'abort()'): void {
    call(() => native.abortStream(this.#number, reason))
  }

  /** Ends it behind what is queued. */
  close(): void {
    call(() => native.closeStream(this.#number))
  }
}

/** Opens a stream. */
export function stream(options: StreamOptions = {}): Stream {
  return new Stream(options)
}
