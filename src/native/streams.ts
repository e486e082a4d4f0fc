// The open streams of this thread, so that one can wait for all of them.
import { callAsync } from './call.js'
import { native } from './load.js'
import { runIn } from './place.js'

const open = new Set<number>()
const closing = new Set<Promise<void>>()
const NOTHING = new Float64Array(0)

/** Notes a stream that was opened. */
export function noteOpen(stream: number): void {
  open.add(stream)
}

/** Notes a stream that is about to be closed: what is queued in it still runs. */
export function noteClosing(stream: number): void {
  if (!open.delete(stream)) return
  const drained = reached(stream).finally(() => closing.delete(drained))
  closing.add(drained)
}

/** Waits for all streams that were opened, closed ones too. */
export async function waitForStreams(): Promise<void> {
  await Promise.all([...closing, ...Array.from(open, reached)])
}

/** Reading nothing comes after all that is queued, and unlike a fence takes no error away from whoever awaits the stream. */
function reached(stream: number): Promise<void> {
  const place = { number: stream, check: () => {} }
  return runIn(place, () => callAsync(() => native.read(NOTHING))).then(() => undefined)
}
