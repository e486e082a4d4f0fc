// Which stream is recorded into. It follows an async function through its awaits (AsyncLocalStorage), and the engine hears of a change at the
// next call: a program without streams pays one comparison with null.
import { AsyncLocalStorage } from 'node:async_hooks'
import { native } from './load.js'

/** Where work is recorded. */
export interface Place {
  /** The stream's number in the engine. 0 is the default stream, which a closed stream falls back to. */
  readonly number: number
  /** Throws when no more work is taken. */
  check(): void
}

let places: AsyncLocalStorage<Place | undefined> | null = null
/** What the engine was told last. */
let current = 0

/** Runs `fn`, and what it does after its awaits, in a place. */
export function runIn<T>(place: Place | undefined, fn: () => T): T {
  places ??= new AsyncLocalStorage()
  try {
    return places.run(place, fn)
  } finally {
    enterPlace()
  }
}

/** Gives a function that runs others in the place where this was called. */
export function keepPlace(): <T>(fn: () => T) => T {
  if (places === null) return (fn) => fn()
  const place = places.getStore()
  return (fn) => runIn(place, fn)
}

/** Runs `fn` in the default stream, which nobody can abort. */
export function outsideStreams<T>(fn: () => T): T {
  return places === null ? fn() : runIn(undefined, fn)
}

/** Tells the engine where the code that runs now records. Before each call that depends on it. */
export function enterPlace(): void {
  if (places === null) return
  const number = places.getStore()?.number ?? 0
  if (number === current) return
  native.setStream(number)
  current = number
}

/** As {@link enterPlace}, before new work. @throws what the place's check throws. */
export function enterPlaceToRecord(): void {
  if (places === null) return
  places.getStore()?.check()
  enterPlace()
}
