// Which generators and streams the work of a stream uses: a checkpoint of that work must hold them, or say that it does not.
import { currentStream } from '../native/current-stream.js'

/** The stream whose work used each of them last, and when: the number of that use. */
const lastUse = new WeakMap<object, { stream: number; at: number }>()
let uses = 0
/** The same ones as a list, which a WeakMap does not give. */
const listed = new Set<WeakRef<object>>()
const forgotten = new FinalizationRegistry<WeakRef<object>>((ref) => listed.delete(ref))
const ofCalls = new WeakSet<object>()

/** Notes that the work of the current stream uses a generator, or another stream. */
export function noteUse(source: object): void {
  if (ofCalls.has(source)) return
  const last = lastUse.get(source)
  if (last !== undefined) {
    last.stream = currentStream()
    last.at = ++uses
    return
  }
  const ref = new WeakRef(source)
  listed.add(ref)
  forgotten.register(source, ref)
  lastUse.set(source, { stream: currentStream(), at: ++uses })
}

/** The number of uses so far: a moment for {@link usedSince}. */
export function usesSoFar(): number {
  return uses
}

/** Marks a generator or stream that a call makes for itself: nothing that comes after the call depends on it. */
export function ofThisCall<T extends object>(source: T): T {
  ofCalls.add(source)
  return source
}

/** The generators and streams that the work of the current stream has used since a moment, was the last to use, and that can still be reached. */
export function usedSince(moment: number): object[] {
  const here = currentStream()
  return Array.from(listed, (ref) => ref.deref()).filter((source) => {
    const last = source && lastUse.get(source)
    return last !== undefined && last.stream === here && last.at > moment
  }) as object[]
}
