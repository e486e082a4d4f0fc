// The stream into which ops are recorded. It follows an async function through its awaits (AsyncLocalStorage), and the engine is told of a change
// at the next call: a program without streams pays one comparison with null.
import { AsyncLocalStorage } from 'node:async_hooks'
import { native } from './load.js'

/** A stream in an async context. */
export interface StreamContext {
  /** The stream's number in the engine. 0 is the default stream, also used after a stream is closed. */
  readonly number: number
  /** Throws when the stream accepts no more work. */
  check(): void
}

let contexts: AsyncLocalStorage<StreamContext | undefined> | null = null
/** The number last passed to the engine. */
let selected = 0

/** Runs `fn`, and what it does after its awaits, in a stream; undefined is the default stream. */
export function runInStream<T>(stream: StreamContext | undefined, fn: () => T): T {
  contexts ??= new AsyncLocalStorage()
  try {
    return contexts.run(stream, fn)
  } finally {
    selectStream()
  }
}

/** Returns a function that runs others in the stream that is current now. */
export function keepStream(): <T>(fn: () => T) => T {
  if (contexts === null) return (fn) => fn()
  const stream = contexts.getStore()
  return (fn) => runInStream(stream, fn)
}

/** Runs `fn` in the default stream, which nobody can abort. */
export function outsideStreams<T>(fn: () => T): T {
  return contexts === null ? fn() : runInStream(undefined, fn)
}

/** The number of the current stream; 0 is the default one. */
export function currentStream(): number {
  return contexts?.getStore()?.number ?? 0
}

/** Tells the engine which stream is current. Called before each call that depends on it. */
export function selectStream(): void {
  if (contexts === null) return
  const number = currentStream()
  if (number === selected) return
  native.setStream(number)
  selected = number
}

/** As {@link selectStream}, before recording. @throws what the stream's check throws. */
export function selectStreamToRecord(): void {
  if (contexts === null) return
  contexts.getStore()?.check()
  selectStream()
}
