/// <reference lib="esnext.disposable" />
// Generated from src/runtime/stream.ts by `npm run api`. Do not edit.

/** Options of {@link stream}. */
export interface StreamOptions {
  /** Higher ones are served first: generation before training. @integer @minimum -2147483647 @maximum 2147483647 @default 0 */
  priority?: number
  /** Seed of the stream's own generator. @default a random one */
  seed?: number | bigint
  /**
   * Ends the stream's work: what is queued is skipped, and from then on recording into it throws an {@link AbortedError} whose cause is the
   * signal's reason. Reading, saving and freeing tensors goes on. @default none
   */
  signal?: AbortSignal
}
/**
 * An ordered queue with a generator of its own: one per trainer or request. Dependencies on other streams are kept by themselves.
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
   * Records what `fn` does into this stream. An async function stays in it through all its awaits, whatever else runs meanwhile, and so does
   * what it calls; an async generator does at each of its steps, whoever asks for them. Streams may be nested.
   * @example
   * for await (const { id } of chat.run(() => model.stream([prompt]))) socket.write(decoder.push(id))
   * @throws {AbortedError} once the signal is aborted; {@link OptionError} when the stream is closed.
   */
  run<T>(fn: () => T): T
  /** Its number in the output of `LORALIB_DEBUG`, in timelines and in errors of anomaly mode. */
  get number(): number
  /** Waits for everything recorded in it. */
  synchronize(): Promise<void>
  /** Skips what is queued; whoever awaits it gets an {@link AbortedError}. What is recorded later runs again, unless a signal aborted it. */
  abort(reason?: string): void
  /** Ends it behind what is queued. Does nothing the second time. */
  close(): void
  [Symbol.dispose](): void
}
/** Opens a stream. */
export declare function stream(options?: StreamOptions): Stream
