// Finds updates that failed: a failed gradient is found only when the update runs, long after the step was counted.
import { markUpdate, updateOf } from '../native/call.js'
import { takeFailedUpdates } from '../native/engine.js'

/** Number of recent updates that may still fail: the queue is bounded, so older ones have run. */
const KEPT = 256
/** Numbers of failed updates that no optimizer has taken back yet. */
const failed = new Set<number>()

let last = 0

/** Records an update under a unique number and returns the number. */
export function recordUpdate(stack: number, record: () => void): number {
  last = (last % 2 ** 20) + 1
  markUpdate(stack, last)
  try {
    record()
  } finally {
    markUpdate(stack, 0)
  }
  return last
}

function takeFailed(): ReadonlySet<number> {
  for (const number of takeFailedUpdates()) failed.add(updateOf(number))
  failed.delete(0)
  // Some numbers are never taken back, e.g. when an optimizer no longer exists: they must not accumulate.
  for (const number of failed) {
    if (failed.size <= 4 * KEPT) break
    failed.delete(number)
  }
  return failed
}

interface Update {
  /** The number under which the engine reports it. */
  readonly number: number
  /** Takes it back. */
  readonly undo: () => void
}

/** The recent updates of one optimizer. */
export class UpdateLog {
  #updates: Update[] = []

  /** Adds an update; `undo` is called when it has failed. */
  add(number: number, undo: () => void): void {
    this.#updates.push({ number, undo })
    if (this.#updates.length > 2 * KEPT) this.#updates = this.#updates.slice(-KEPT)
  }

  /** Forgets an update that has not failed. */
  forget(number: number): void {
    this.#updates = this.#updates.filter((update) => update.number !== number)
  }

  /** Takes back the failed updates, the last one first. */
  undo(): void {
    if (this.#updates.length === 0 || takeFailed().size === 0) return
    for (let i = this.#updates.length - 1; i >= 0; i--) {
      const update = this.#updates[i]!
      if (!failed.delete(update.number)) continue
      this.#updates.splice(i, 1)
      update.undo()
    }
  }
}
