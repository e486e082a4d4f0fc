// Who holds which tensor: a wrapper that is collected lets go of its tensor in Rust, and V8 learns how much that would free.
import { native } from './load.js'

/** What the registry keeps of a wrapper: its id and size. */
export interface Handle {
  id: number
  bytes: number
}

let pinned = 0
let reported = 0

const registry = new FinalizationRegistry<Handle>(letGo)

/** Begins to watch a wrapper. */
export function watch(wrapper: object, handle: Handle): void {
  pinned += handle.bytes
  registry.register(wrapper, handle, handle)
}

/** Lets go of a handle; the wrapper may live on as a disposed one. */
export function letGo(handle: Handle): void {
  if (handle.id === 0) return
  registry.unregister(handle)
  pinned -= handle.bytes
  release(handle.id)
  handle.id = 0
}

// Read before the call returns, so that one serves all: an array for each tensor would be much of a step's garbage.
const single = new Float64Array(1)

/** Lets go of one id in Rust. */
export function release(id: number): void {
  single[0] = id
  native.release(single)
}

/** Reports to V8 what wrappers pin, as one total: each large report can cost a long collection. */
export function reportPinned(): void {
  const change = pinned - reported
  if (Math.abs(change) < 1 << 20) return
  reported = pinned
  native.adjustExternalMemory(change)
}

/** Bytes that wrappers keep alive. */
export function pinnedBytes(): number {
  return pinned
}
