// The streams of this thread. Which are open is kept here, so that one can wait for all of them.
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

/** Skips what is queued in it; its results reject with `ERR_LORA_ABORTED`. */
export function abortStream(stream: number, reason: string): void {
  call(() => native.abortStream(stream, reason))
}

/** Closes it behind what is queued in it, which still runs. */
export function closeStream(stream: number): void {
  if (open.delete(stream)) {
    const drained = reached(stream).finally(() => closing.delete(drained))
    closing.add(drained)
  }
  // What the engine was told last may be this stream: nothing may be recorded into it any more.
  outsideStreams(() => call(() => native.closeStream(stream)))
}

/** Waits for all streams that were opened, closed ones too. */
export async function waitForStreams(): Promise<void> {
  await Promise.all([...closing, ...Array.from(open, reached)])
}

/** Reading nothing comes after all that is queued, and unlike a fence takes no error away from whoever awaits the stream. */
function reached(stream: number): Promise<void> {
  const context = { number: stream, check: () => {} }
  return runInStream(context, () => callAsync(() => native.read(NOTHING))).then(() => undefined)
}
