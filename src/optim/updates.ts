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
  readonly group: object
  /** The step count of its parameters after it. */
  readonly step: number
}

/** The recent updates of one optimizer. */
export class UpdateLog<State extends { step: number }> {
  #updates: Update[] = []

  /** Adds an update. */
  add(number: number, group: object, step: number): void {
    this.#updates.push({ number, group, step })
    if (this.#updates.length > 2 * KEPT) this.#updates = this.#updates.slice(-KEPT)
  }

  /** Takes back the failed updates: `statesOf` returns the states of a group; `undone` is called for each state whose step was reduced. */
  undo(statesOf: (group: object) => readonly State[], undone: (state: State) => void): void {
    if (this.#updates.length === 0 || takeFailed().size === 0) return
    for (let i = this.#updates.length - 1; i >= 0; i--) {
      const update = this.#updates[i]!
      if (!failed.delete(update.number)) continue
      this.#updates.splice(i, 1)
      const now = this.#currentStep(update, i)
      for (const state of statesOf(update.group)) {
        if (state.step !== now) continue
        state.step -= 1
        undone(state)
      }
    }
  }

  /** The current step count of an update's parameters: later updates of the same parameters follow it in the log. */
  #currentStep({ group, step }: Update, from: number): number {
    let now = step
    for (const later of this.#updates.slice(from)) if (later.group === group && later.step === now + 1) now += 1
    return now
  }
}
