// The lifetime of tensors: when a wrapper is collected, its tensor in Rust is released, and V8 is told how many bytes wrappers keep alive.
//
// A wrapper is watched only when its lifetime is up to the garbage collector. Most tensors that a forward or a scope makes are released at its end;
// watching each of them would be a large part of a step's garbage. What is watched is a small guard, which the wrapper holds: V8 reports the end of
// objects of an addon's class in young collections already, that of other objects in full ones only.
import { native } from './load.js'

/** Lives as long as its wrapper. */
export type Guard = object

const NativeGuard = native.guardClass()
let reported = 0

/** Begins to watch a tensor: it is released when its guard becomes unreachable. */
export function watch(id: number): Guard {
  return new NativeGuard(id)
}

/** Releases a watched tensor. */
export function letGo(id: number): void {
  native.unwatch(id)
}

// One array for all calls, since it is read before the call returns: an array for each tensor would be a large part of a step's garbage.
const single = new Float64Array(1)

/** Releases one id in Rust. */
export function release(id: number): void {
  single[0] = id
  native.release(single)
}

/** Releases many ids in Rust, in one call. */
export function releaseAll(ids: Float64Array): void {
  native.release(ids)
}

/**
 * Reports to V8 the bytes that wrappers pin, as one total, when it has changed much: above a limit of V8 each report costs milliseconds of marking.
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
