// Who holds which tensor: a wrapper that is collected lets go of its tensor in Rust, and V8 learns how much that would free.
//
// A wrapper is watched only once nobody but the garbage collector can tell when it ends. Those that a forward or a scope makes end with it,
// most of them; to register each would be a large part of a step's garbage. V8 carries what is registered through its young collections,
// and what it carries makes it enlarge the young generation: so a small guard is registered, which the wrapper holds, not the wrapper.
import { native } from './load.js'
import { tensorBytes } from './record.js'

/** Lives as long as its wrapper. */
// A class makes the smallest object there is: a literal has room for fields.
// eslint-disable-next-line @typescript-eslint/no-extraneous-class
export class Guard {}

let pinned = 0
let reported = 0

const registry = new FinalizationRegistry<number>((id) => {
  pinned -= tensorBytes(id)
  release(id)
})

/** Begins to watch a tensor: it ends when nobody can reach its guard any more. */
export function watch(id: number, bytes: number): Guard {
  const guard = new Guard()
  pinned += bytes
  registry.register(guard, id, guard)
  return guard
}

/** Lets go of a watched tensor. */
export function letGo(guard: Guard, id: number, bytes: number): void {
  registry.unregister(guard)
  pinned -= bytes
  release(id)
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
