// Long work on the JavaScript thread, in slices between which the event loop runs.
import { setImmediate } from 'node:timers/promises'
import { AbortedError } from '../errors.js'

/** The longest that the event loop is blocked, apart from the work on one item. */
const SLICE_MS = 8

/** Calls `visit` for each item in turn and yields to the event loop after every few milliseconds. */
export async function eachItem<T, R>(
  items: readonly T[],
  { signal }: { signal?: AbortSignal },
  visit: (item: T, index: number) => R,
): Promise<R[]> {
  const results: R[] = []
  let until = performance.now() + SLICE_MS
  for (const [i, item] of items.entries()) {
    if (performance.now() >= until) {
      await setImmediate()
      until = performance.now() + SLICE_MS
    }
    throwIfAborted(signal)
    results.push(visit(item, i))
  }
  return results
}

/** @throws {AbortedError} once the signal is aborted. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw aborted(signal.reason)
}

/** The error after an abort, with the signal's reason as its cause. */
export function aborted(reason: unknown): AbortedError {
  return new AbortedError({
    what: 'the work was aborted',
    expected: '',
    received: reason instanceof Error ? reason.message : String(reason),
    fix: 'call it again without aborting the signal',
    cause: reason,
  })
}
