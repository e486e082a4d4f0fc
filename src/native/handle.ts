// Who holds which tensor: a wrapper that is collected lets go of its tensor in Rust, and V8 learns how much that would free.
//
// A wrapper is watched only once nobody but the garbage collector can tell when it ends. Those that a forward or a scope makes end with it,
// most of them; to watch each would be a large part of a step's garbage. What is watched is a small guard, which the wrapper holds: V8 tells
// the end of objects of an addon's class in its young collections already, that of others in full ones only.
import { native } from './load.js'

/** Lives as long as its wrapper. */
export type Guard = object

const NativeGuard = native.guardClass()
let reported = 0

/** Begins to watch a tensor: it ends when nobody can reach its guard any more. */
export function watch(id: number): Guard {
  return new NativeGuard(id)
}

/** Lets go of a watched tensor. */
export function letGo(id: number): void {
  native.unwatch(id)
}

// Read before the call returns, so that one serves all: an array for each tensor would be much of a step's garbage.
const single = new Float64Array(1)

/** Lets go of one id in Rust. */
export function release(id: number): void {
  single[0] = id
  native.release(single)
}

/** Lets go of many ids in Rust, in one call. */
export function releaseAll(ids: Float64Array): void {
  native.release(ids)
}

/**
 * Reports to V8 what wrappers pin, as one total, when it has changed much: past a bound of V8's own each report costs milliseconds of marking.
 * V8 needs it only for code that never awaits; awaits collect by themselves.
 */
export function reportPinned(): void {
  const change = pinnedBytes() - reported
  if (Math.abs(change) < Math.max(32 * 2 ** 20, reported / 4)) return
  reported += change
  native.adjustExternalMemory(change)
}

/** Bytes that wrappers keep alive. */
export function pinnedBytes(): number {
  return native.pinnedBytes()
}
