// The streams of this thread. The open ones are listed here, to wait for all of them.
import { call, callAsync } from './call.js'
import { outsideStreams, runInStream } from './current-stream.js'
import { native } from './load.js'

const open = new Set<number>()
const closing = new Set<Promise<void>>()
const NOTHING = new Float64Array(0)

/** Opens a stream; returns its number. */
export function openStream(priority: number, seedLow: number, seedHigh: number): number {
  const stream = call(() => native.openStream(priority, seedLow, seedHigh))
  open.add(stream)
  return stream
}

/** Skips what is queued in a stream; its results reject with `ERR_LORA_ABORTED`. */
export function abortStream(stream: number, reason: string): void {
  call(() => native.abortStream(stream, reason))
}

/** Closes a stream; what is queued in it still runs. */
export function closeStream(stream: number): void {
  if (open.delete(stream)) {
    const drained = reached(stream).finally(() => closing.delete(drained))
    closing.add(drained)
  }
  // This stream may still be selected in the engine: nothing may be recorded into it any more.
  outsideStreams(() => call(() => native.closeStream(stream)))
}

/** Waits for all streams that were opened, closed ones too. */
export async function waitForStreams(): Promise<void> {
  await Promise.all([...closing, ...Array.from(open, reached)])
}

/** Calls `fn` when all that is queued in the current stream is done or has failed. */
export function whenReached(fn: () => void): Promise<void> {
  return callAsync(() => native.read(NOTHING)).then(fn, fn)
}

/** Waits for all that is queued in a stream. An empty read does, and unlike a fence it leaves errors to those who await the stream. */
function reached(stream: number): Promise<void> {
  const context = { number: stream, check: () => {} }
  return runInStream(context, () => callAsync(() => native.read(NOTHING))).then(() => undefined)
}
