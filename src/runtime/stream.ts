import { checkOptions } from './check-options.js'
import { schemas } from './tables.js'
import { AbortedError, OptionError } from '../errors.js'
import { waitForQueue } from '../native/lazy.js'
import { runInStream } from '../native/current-stream.js'
import { abortStream, closeStream, openStream } from '../native/streams.js'
import { getRngState, setRngState, splitSeed } from './random.js'
import { noteUse } from './uses.js'

/** Options of {@link stream}. */
export interface StreamOptions {
  /** Streams of higher priority run first, e.g. generation before training. @integer @minimum -2147483647 @maximum 2147483647 @default 0 */
  priority?: number
  /** Seed of the stream's own generator. @default a random one */
  seed?: number | bigint
  /**
   * Aborts the stream's work: what is queued is skipped, and from then on recording into it throws an {@link AbortedError} whose cause is the
   * signal's reason. Reading, saving and freeing tensors still work. @default none
   */
  signal?: AbortSignal
}

/**
 * An ordered queue with its own random generator: one per trainer or request. Dependencies on other streams are tracked automatically.
 *
 * @example
 * const training = lora.stream({ seed: 1, signal: request.signal })
 * await training.run(async () => {
 *   for await (const batch of loader) {
 *     const { loss } = model.forward(batch, { labels: batch })
 *     loss.backward()
 *     await optimizer.step()
 *     optimizer.zeroGrad()
 *   }
 * })
 * training.close()
 */
export class Stream {
  readonly #number: number
  readonly #signal: AbortSignal | undefined
  readonly #onAbort: () => void
  #closed = false

  constructor(options: StreamOptions = {}) {
    checkOptions('stream', options, schemas.StreamOptions)
    const { priority = 0, signal } = options
    const [low, high] = splitSeed(options.seed ?? Math.floor(Math.random() * Number.MAX_SAFE_INTEGER))
    this.#number = openStream(priority, low, high)
    this.#signal = signal
    this.#onAbort = () => this.abort(reasonOf(signal?.reason))
    signal?.addEventListener('abort', this.#onAbort, { once: true })
    forgotten.register(this, this.#number, this)
  }

  /**
   * Records what `fn` does into this stream. An async function stays in it through all its awaits, whatever else runs meanwhile, and so do the
   * functions that it calls; an async generator runs each of its steps in it, wherever they are requested. Streams may be nested.
   * @example
   * for await (const { id } of chat.run(() => model.stream([prompt]))) socket.write(decoder.push(id))
   * @throws {AbortedError} once the signal is aborted; {@link OptionError} when the stream is closed.
   */
  run<T>(fn: () => T): T {
    this.#check()
    noteUse(this)
    const result = runInStream(this.#context, fn)
    return isAsyncGenerator(result) ? (this.#steps(result) as T) : result
  }

  /** Its number as in the output of `LORALIB_DEBUG`, in timelines and in errors of anomaly mode. */
  get number(): number {
    return this.#number
  }

  /** Whether {@link close} was called. */
  get closed(): boolean {
    return this.#closed
  }

  /** Seed and position of its generator, for a checkpoint. @throws {OptionError} when the stream is closed. */
  getRngState(): number[] {
    this.#checkOpen()
    return runInStream(this.#context, getRngState)
  }

  /** Restores a state of {@link getRngState}. @throws {OptionError} when the stream is closed. */
  setRngState(state: readonly number[]): void {
    this.#checkOpen()
    runInStream(this.#context, () => setRngState(state))
  }

  /** Waits for everything recorded in it. */
  synchronize(): Promise<void> {
    return runInStream(this.#context, waitForQueue)
  }

  /** Skips what is queued; awaiting it throws an {@link AbortedError}. Work recorded later runs, unless the stream's signal was aborted. */
  abort(reason = 'abort()'): void {
    if (!this.#closed) abortStream(this.#number, reason)
  }

  /** Closes the stream; work queued so far still runs. A second call does nothing. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#signal?.removeEventListener('abort', this.#onAbort)
    forgotten.unregister(this)
    closeStream(this.#number)
  }

  [Symbol.dispose](): void {
    this.close()
  }

  /** Runs each step of a generator in this stream: its body runs in the context of the call of `next`. */
  async *#steps(generator: AsyncGenerator): AsyncGenerator {
    try {
      for (;;) {
        const { done, value } = await runInStream(this.#context, () => generator.next())
        if (done) return value
        yield value
      }
    } finally {
      await runInStream(this.#context, () => generator.return(undefined))
    }
  }

  get #context() {
    const number = () => (this.#closed ? 0 : this.#number)
    return {
      get number() {
        return number()
      },
      check: () => this.#check(),
    }
  }

  #check(): void {
    if (this.#signal?.aborted) throw aborted(this.#signal.reason)
    this.#checkOpen()
  }

  #checkOpen(): void {
    if (!this.#closed) return
    throw new OptionError({
      what: 'this stream is closed',
      expected: 'an open stream',
      received: 'work after close()',
      fix: 'await the work before close(), or open another stream with lora.stream()',
    })
  }
}

/** Closes streams that are no longer reachable. */
const forgotten = new FinalizationRegistry<number>(closeStream)

/** Opens a stream. */
export function stream(options: StreamOptions = {}): Stream {
  return new Stream(options)
}

function isAsyncGenerator(value: unknown): value is AsyncGenerator {
  return Object.prototype.toString.call(value) === '[object AsyncGenerator]'
}

function reasonOf(reason: unknown): string {
  return reason instanceof Error ? reason.message : String(reason)
}

function aborted(reason: unknown): AbortedError {
  return new AbortedError({
    what: 'the signal of this stream was aborted, so it accepts no more work',
    expected: 'a signal that is not aborted',
    received: reasonOf(reason),
    fix: 'open another stream with lora.stream()',
    cause: reason,
  })
}
