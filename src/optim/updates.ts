// Which updates of an optimizer changed nothing after all: a failed gradient is found only when the update runs, long after it was counted.
import { markUpdate, updateOf } from '../native/call.js'
import { takeFailedUpdates } from '../native/engine.js'

/** Updates that may still fail: the queue is bounded, so older ones are done. */
const KEPT = 256
/** Numbers of failed updates that no optimizer has asked for yet. */
const failed = new Set<number>()

let last = 0

/** Records an update under a number of its own, which it returns. */
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
  // Clipping counts nothing, and an optimizer may be gone: what nobody asks for must not pile up.
  for (const number of failed) {
    if (failed.size <= 4 * KEPT) break
    failed.delete(number)
  }
  return failed
}

interface Update {
  /** Number that the engine knows it by. */
  readonly number: number
  readonly group: object
  /** What its parameters counted after it. */
  readonly step: number
}

/** The updates of one optimizer. */
export class UpdateLog<State extends { step: number }> {
  #updates: Update[] = []

  /** Notes an update. */
  add(number: number, group: object, step: number): void {
    this.#updates.push({ number, group, step })
    if (this.#updates.length > 2 * KEPT) this.#updates = this.#updates.slice(-KEPT)
  }

  /** Takes the failed ones back: `statesOf` gives the states of a group, `undone` hears of each that counts one less. */
  undo(statesOf: (group: object) => readonly State[], undone: (state: State) => void): void {
    if (this.#updates.length === 0 || takeFailed().size === 0) return
    for (let i = this.#updates.length - 1; i >= 0; i--) {
      const update = this.#updates[i]!
      if (!failed.delete(update.number)) continue
      this.#updates.splice(i, 1)
      const now = this.#countNow(update, i)
      for (const state of statesOf(update.group)) {
        if (state.step !== now) continue
        state.step -= 1
        undone(state)
      }
    }
  }

  /** What the parameters of an update count by now: later updates of the same ones follow it in the log. */
  #countNow({ group, step }: Update, from: number): number {
    let now = step
    for (const later of this.#updates.slice(from)) if (later.group === group && later.step === now + 1) now += 1
    return now
  }
}
