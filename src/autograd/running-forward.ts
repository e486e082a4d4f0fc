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

/**
 * Returns a function that runs others as part of the current forward, so that a recomputed checkpoint uses the same adapters, and its errors name the same
 * module paths.
 */
export function sameForward(): <T>(run: () => T) => T {
  const inContext = sameContext()
  if (running === null) return inContext
  const { root, args } = running
  return (run) => {
    const before = running
    beginForward(root, args)
    try {
      return inContext(run)
    } finally {
      resumeForward(before)
    }
  }
}

let context: unknown = null

/** What a call of a model goes by besides its arguments: the adapters of the view that was called. Null outside of such a call. */
export function callContext(): unknown {
  return context
}

/** Runs a function with a context. */
export function withContext<T>(value: unknown, run: () => T): T {
  const before = context
  context = value
  try {
    return run()
  } finally {
    context = before
  }
}

/** Returns a function that runs others in the present context, for what is computed of a call later. */
export function sameContext(): <T>(run: () => T) => T {
  const value = context
  return (run) => withContext(value, run)
}
