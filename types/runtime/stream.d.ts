/// <reference lib="esnext.disposable" />
// Generated from src/runtime/stream.ts by `npm run api`. Do not edit.

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
export declare class Stream {
  #private
  constructor(options?: StreamOptions)
  /**
   * Records what `fn` does into this stream. An async function stays in it through all its awaits, whatever else runs meanwhile, and so do the
   * functions that it calls; an async generator runs each of its steps in it, wherever they are requested. Streams may be nested.
   * @example
   * for await (const { id } of chat.run(() => model.stream([prompt]))) socket.write(decoder.push(id))
   * @throws {AbortedError} once the signal is aborted; {@link OptionError} when the stream is closed.
   */
  run<T>(fn: () => T): T
  /** Its number as in the output of `LORALIB_DEBUG`, in timelines and in errors of anomaly mode. */
  get number(): number
  /** Whether {@link close} was called. */
  get closed(): boolean
  /** Seed and position of its generator, for a checkpoint. @throws {OptionError} when the stream is closed. */
  getRngState(): number[]
  /** Restores a state of {@link getRngState}. @throws {OptionError} when the stream is closed. */
  setRngState(state: readonly number[]): void
  /** Waits for everything recorded in it. */
  synchronize(): Promise<void>
  /** Skips what is queued; awaiting it throws an {@link AbortedError}. Work recorded later runs, unless the stream's signal was aborted. */
  abort(reason?: string): void
  /** Closes the stream; work queued so far still runs. A second call does nothing. */
  close(): void
  [Symbol.dispose](): void
}
/** Opens a stream. */
export declare function stream(options?: StreamOptions): Stream
