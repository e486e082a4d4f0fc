// Which forward call is running. nn/forward.ts keeps it up to date; a checkpoint, which recomputes a part of a forward in backward, sets it for that time.
import type { Module } from '../nn/module.js'

/** The state of an outermost forward call, from its start to its end. */
export interface RunningForward {
  readonly root: Module
  /** What it was called with. */
  readonly args: readonly unknown[]
  /** Number of the outermost call. */
  readonly call: number
  /** Modules called so far, each once. */
  readonly called: Module[]
}

let running: RunningForward | null = null
let calls = 0

/** The running forward, or null. */
export function runningForward(): RunningForward | null {
  return running
}

/** Starts an outermost call of `root`. */
export function beginForward(root: Module, args: readonly unknown[]): RunningForward {
  return (running = { root, args, call: ++calls, called: [] })
}

/** Restores what {@link runningForward} returned before the call began. */
export function resumeForward(before: RunningForward | null): void {
  running = before
}

/** Returns a function that runs others as part of the current forward, so that errors in a recomputed checkpoint name the same module paths. */
export function sameForward(): <T>(run: () => T) => T {
  if (running === null) return (run) => run()
  const { root, args } = running
  return (run) => {
    const before = running
    beginForward(root, args)
    try {
      return run()
    } finally {
      resumeForward(before)
    }
  }
}
