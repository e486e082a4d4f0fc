// Control over the tensors that code makes: without gradients, freed at the end of a scope, or kept.
import { AsyncError } from '../errors.js'
import { setGradEnabled } from '../native/tape.js'
import { isTensor } from '../native/wrap.js'
import type { Tensor } from './tensor.js'

/** The index at which the tensors of a frame begin. Frames are nested, so one list serves all. */
export type Frame = number

const made: (Tensor | null)[] = []
let top: Frame = 0
let depth = 0
let ends = 0
let gradEnabled = true

/** Adds a new tensor to the innermost frame, if there is one; returns whether it did. tensor.ts calls this. */
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

/** A new number for the end of a frame: tensors with it in `keptAt` outlive the frame. */
export function nextEnd(): number {
  return ++ends
}

/** Whether a tensor was made in this frame, which must be the innermost one. */
export function wasMadeIn(frame: Frame, tensor: Tensor): boolean {
  return made.indexOf(tensor, frame) >= 0
}

/**
 * Closes the innermost frame: tensors kept for `end` move to the outer frame, or are left to the garbage collector; the rest is released. Errors
 * name `by` as what released them.
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

/** Closes the innermost frame and keeps all tensors made in it. */
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
 * Runs a function without recording for backward.
 * @throws {AsyncError} for an async function: the setting would apply to other code that runs while it waits.
 */
export function noGrad<T>(fn: () => T): T {
  return withGrad(false, fn, 'noGrad')
}

/** Runs a function with gradients on, even inside {@link noGrad}. */
export function enableGrad<T>(fn: () => T): T {
  return withGrad(true, fn, 'enableGrad')
}

/**
 * Runs a function and frees all tensors made in it, except those in its result (arrays and objects of any depth) and those kept with
 * {@link keep}. A training loop does not need it: the forward of a module frees its intermediate results by itself.
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

/** Makes a tensor outlive the scope or forward in which it was made. Returns the tensor. */
export function keep<T extends Tensor>(tensor: T): T {
  tensor.watch()
  return tensor
}

/** Refuses the result of an async function: it returns at its first await, and the rest would run after the setting was restored. */
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

/** All tensors in a value: in arrays, maps, sets, plain objects and the fields of other objects, to any depth. Getters are not run. */
export function tensorsIn(value: unknown): Set<Tensor> {
  const found = new Set<Tensor>()
  visit(value, (tensor) => found.add(tensor), new Set())
  return found
}

/**
 * Makes all tensors in a value, as in {@link tensorsIn}, outlive the end of a frame. `seen` are objects to skip, as are those for which `isSkipped`.
 */
export function keepIn(value: unknown, end: number, seen = new Set<object>(), isSkipped?: Skip): void {
  if (isTensor(value)) value.keptAt = end
  else visit(value, (tensor) => (tensor.keptAt = end), seen, isSkipped)
}

type Skip = (value: object) => boolean

function visit(value: unknown, found: (tensor: Tensor) => void, seen: Set<object>, isSkipped?: Skip): void {
  if (typeof value !== 'object' || value === null) return
  if (isTensor(value)) return void found(value)
  if (seen.has(value)) return
  if (isSkipped?.(value) === true) return
  seen.add(value)
  if (ArrayBuffer.isView(value)) return
  if (Array.isArray(value)) {
    // Rows of token ids are the common case, so numbers are skipped here.
    for (let i = 0; i < value.length; i++) if (typeof value[i] === 'object') visit(value[i], found, seen, isSkipped)
  } else if (value instanceof Set) for (const item of value) visit(item, found, seen, isSkipped)
  else if (value instanceof Map) for (const item of value.values()) visit(item, found, seen, isSkipped)
  else for (const key in value) if (Object.hasOwn(value, key)) visit(field(value, key), found, seen, isSkipped)
}

// Unlike getOwnPropertyDescriptor this makes no object: each forward reads every field of each of its modules.
const getterOf = (Object.prototype as unknown as { __lookupGetter__(key: string): unknown }).__lookupGetter__

/** The value of an own field; undefined for one with a getter. */
function field(owner: object, key: string): unknown {
  return getterOf.call(owner, key) === undefined ? (owner as Record<string, unknown>)[key] : undefined
}
