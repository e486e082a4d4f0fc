// What code may say about the tensors it makes: no gradients, free them at the end, keep this one.
import { AsyncError } from './errors.js'
import { call } from './native/call.js'
import { native } from './native/load.js'
import { Tensor } from './tensor.js'

/** Tensors made while it is the innermost frame. */
export class Frame {
  readonly made = new Set<Tensor>()
}

const frames: Frame[] = []
let gradEnabled = true

/** A new tensor belongs to the innermost frame. tensor.ts calls this. */
export function adopt(tensor: Tensor): void {
  frames.at(-1)?.made.add(tensor)
}

/** Opens a frame. */
export function pushFrame(): Frame {
  const frame = new Frame()
  frames.push(frame)
  return frame
}

/** Closes the innermost frame: what is in `kept` goes to the frame outside, the rest is released. `by` names who released it. */
export function popFrame(frame: Frame, kept: ReadonlySet<Tensor>, by: string): void {
  frames.pop()
  const outer = frames.at(-1)
  for (const tensor of frame.made) {
    if (!kept.has(tensor)) tensor.release(by)
    else outer?.made.add(tensor)
  }
}

/** Whether operations are recorded for backward. */
export function isGradEnabled(): boolean {
  return gradEnabled
}

/** Runs `fn` with gradients on or off. */
export function withGrad<T>(on: boolean, fn: () => T, what: string): T {
  const before = gradEnabled
  gradEnabled = on
  call(() => native.setGradEnabled(on))
  try {
    return refuseAsync(fn(), what)
  } finally {
    gradEnabled = before
    call(() => native.setGradEnabled(before))
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
  let kept: ReadonlySet<Tensor> = new Set()
  try {
    const result = refuseAsync(fn(), 'scope')
    kept = tensorsIn(result)
    return result
  } finally {
    popFrame(frame, kept, 'scope()')
  }
}

/** Lets a tensor outlive the scope or forward that made it. Returns it. */
export function keep<T extends Tensor>(tensor: T): T {
  for (const frame of frames) frame.made.delete(tensor)
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
export function tensorsIn(value: unknown, found = new Set<Tensor>(), seen = new Set<object>()): Set<Tensor> {
  if (typeof value !== 'object' || value === null || seen.has(value)) return found
  if (value instanceof Tensor) return found.add(value)
  seen.add(value)
  if (ArrayBuffer.isView(value)) return found
  if (Array.isArray(value) || value instanceof Set) for (const item of value) tensorsIn(item, found, seen)
  else if (value instanceof Map) for (const item of value.values()) tensorsIn(item, found, seen)
  else {
    for (const key of Object.keys(value)) {
      const field = Object.getOwnPropertyDescriptor(value, key)
      if (field && 'value' in field) tensorsIn(field.value, found, seen)
    }
  }
  return found
}
