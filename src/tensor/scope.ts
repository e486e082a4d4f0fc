// What code may say about the tensors it makes: no gradients, free them at the end, keep this one.
import { AsyncError } from '../errors.js'
import { setGradEnabled } from '../native/tape.js'
import { isTensor } from '../native/wrap.js'
import type { Tensor } from './tensor.js'

/** Where the tensors of a frame begin. Frames end in the order in which they began, so one list serves all. */
export type Frame = number

const made: (Tensor | null)[] = []
let top: Frame = 0
let depth = 0
let ends = 0
let gradEnabled = true

/** A new tensor belongs to the innermost frame, if there is one. tensor.ts calls this. */
export function adopt(tensor: Tensor): boolean {
  if (depth === 0) return false
  made[top++] = tensor
  return true
}

/** Opens a frame. */
export function pushFrame(): Frame {
  depth += 1
  return top
}

/** The number of the end of a frame: tensors with it in `keptAt` outlive the frame. */
export function nextEnd(): number {
  return ++ends
}

/** Whether a tensor was made in this frame, the innermost one. */
export function wasMadeIn(frame: Frame, tensor: Tensor): boolean {
  return made.indexOf(tensor, frame) >= 0
}

/**
 * Closes the innermost frame: what was kept for `end` goes to the frame outside, or to the garbage collector; the rest is released. `by` names
 * who released it.
 */
export function popFrame(frame: Frame, end: number, by: string): void {
  depth -= 1
  let left = frame
  for (let i = frame; i < top; i++) {
    const tensor = made[i]!
    made[i] = null
    if (tensor.isWatched) continue
    if (tensor.keptAt !== end) tensor.release(by)
    else if (depth > 0) made[left++] = tensor
    else tensor.watch()
  }
  top = left
}

/** Closes the innermost frame and keeps all that it made. */
export function popFrameKeepingAll(frame: Frame): void {
  depth -= 1
  if (depth > 0) return
  for (let i = frame; i < top; i++) {
    made[i]!.watch()
    made[i] = null
  }
  top = frame
}

/** Whether operations are recorded for backward. */
export function isGradEnabled(): boolean {
  return gradEnabled
}

/** Runs `fn` with gradients on or off. */
export function withGrad<T>(on: boolean, fn: () => T, what: string): T {
  const before = gradEnabled
  gradEnabled = on
  setGradEnabled(on)
  try {
    return refuseAsync(fn(), what)
  } finally {
    gradEnabled = before
    setGradEnabled(before)
  }
}

/**
 * Runs a function whose results need no gradient.
 * @throws {AsyncError} for an async function: its state would leak into whatever runs while it waits.
 */
export function noGrad<T>(fn: () => T): T {
  return withGrad(false, fn, 'noGrad')
}

/** Runs a function with gradients on, inside noGrad. */
export function enableGrad<T>(fn: () => T): T {
  return withGrad(true, fn, 'enableGrad')
}

/**
 * Runs a function and frees every tensor it made, but for those in its result (any depth of arrays and objects) and those kept with
 * {@link keep}. A training loop does not need it: the forward of a module frees what it made by itself.
 * @throws {AsyncError} for an async function.
 */
export function scope<T>(fn: () => T): T {
  const frame = pushFrame()
  const end = nextEnd()
  try {
    const result = refuseAsync(fn(), 'scope')
    keepIn(result, end)
    return result
  } finally {
    popFrame(frame, end, 'scope()')
  }
}

/** Lets a tensor outlive the scope or forward that made it. Returns it. */
export function keep<T extends Tensor>(tensor: T): T {
  tensor.watch()
  return tensor
}

/** An async function ends at its first await, and the rest would run in somebody else's state. */
export function refuseAsync<T>(result: T, what: string): T {
  if (typeof (result as { then?: unknown } | null)?.then === 'function' && result instanceof Promise) {
    result.catch(() => {})
    throw new AsyncError({
      what: `${what} was given an async function`,
      expected: 'a synchronous function',
      received: 'a function that returned a promise',
      fix: 'record inside, await outside: const y = noGrad(() => model.forward(x)); await y.data()',
    })
  }
  return result
}

/** Every tensor in a value: arrays, maps, sets, plain objects and the fields of other objects, to any depth. Getters are not run. */
export function tensorsIn(value: unknown): Set<Tensor> {
  const found = new Set<Tensor>()
  visit(value, (tensor) => found.add(tensor), new Set())
  return found
}

/** Lets every tensor in a value, as {@link tensorsIn} finds them, outlive the end of a frame. `seen` are objects to pass over. */
export function keepIn(value: unknown, end: number, seen = new Set<object>()): void {
  if (isTensor(value)) value.keptAt = end
  else visit(value, (tensor) => (tensor.keptAt = end), seen)
}

function visit(value: unknown, found: (tensor: Tensor) => void, seen: Set<object>): void {
  if (typeof value !== 'object' || value === null) return
  if (isTensor(value)) return void found(value)
  if (seen.has(value)) return
  seen.add(value)
  if (ArrayBuffer.isView(value)) return
  if (Array.isArray(value)) {
    // Rows of token ids are the common case: numbers need no visit.
    for (let i = 0; i < value.length; i++) if (typeof value[i] === 'object') visit(value[i], found, seen)
  } else if (value instanceof Set) for (const item of value) visit(item, found, seen)
  else if (value instanceof Map) for (const item of value.values()) visit(item, found, seen)
  else for (const key in value) if (Object.hasOwn(value, key)) visit(field(value, key), found, seen)
}

// Unlike getOwnPropertyDescriptor this makes no object: a forward asks for each field of each of its modules.
const getterOf = (Object.prototype as unknown as { __lookupGetter__(key: string): unknown }).__lookupGetter__

/** An own field; of one with a getter nothing. */
function field(owner: object, key: string): unknown {
  return getterOf.call(owner, key) === undefined ? (owner as Record<string, unknown>)[key] : undefined
}
