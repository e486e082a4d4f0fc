// Which forward runs now. nn/forward.ts keeps it up to date; a checkpoint, which computes a part of it once more in backward, enters it again.
import type { Module } from '../nn/module.js'

/** What is known between the outermost forward and its end. */
export interface RunningForward {
  readonly root: Module
  /** Number of the outermost call. */
  readonly call: number
  /** Modules called so far, each once. */
  readonly called: Module[]
}

let running: RunningForward | null = null
let calls = 0

/** The forward that runs now, if one does. */
export function runningForward(): RunningForward | null {
  return running
}

/** Begins a call of `root`. */
export function beginForward(root: Module): RunningForward {
  return (running = { root, call: ++calls, called: [] })
}

/** Goes on with what {@link runningForward} said before the call began. */
export function resumeForward(before: RunningForward | null): void {
  running = before
}

/** Gives a function that runs others as part of the forward that runs now: what a checkpoint computes again has the same paths in errors. */
export function sameForward(): <T>(run: () => T) => T {
  const root = running?.root
  if (root === undefined) return (run) => run()
  return (run) => {
    const before = running
    beginForward(root)
    try {
      return run()
    } finally {
      resumeForward(before)
    }
  }
}
