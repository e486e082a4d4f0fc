// What a call of forward does around the module's own: one frame for what it makes, the path for errors, hooks.
import { AsyncError, LoraError, placeError } from '../errors.js'
import { markStack } from '../native/call.js'
import { internPath, setPath } from '../native/module-path.js'
import { keepIn, nextEnd, popFrame, pushFrame, refuseAsync } from '../tensor/scope.js'
import { withHooks } from './module-hooks.js'
import { Module } from './module.js'

const wrapped = new WeakSet<object>()

/** What runs between the outermost forward and its end. */
interface Running {
  readonly root: Module
  /** Number of the outermost call. */
  readonly call: number
  /** Modules called so far, each once. */
  readonly called: Module[]
}

/** What is known of a module below an outermost one. */
interface Place {
  readonly path: number
  /** The outermost call that called it last. */
  call: number
}

let running: Running | null = null
let calls = 0
const placesOf = new WeakMap<Module, Map<Module, Place>>()

/** Wraps `forward` of every class from `prototype` up to Module, each once; `super.forward` then goes through the wrapper, too. */
export function wrapForward(prototype: Module): void {
  for (let level: object = prototype; level !== Module.prototype; level = Object.getPrototypeOf(level) as object) {
    if (wrapped.has(level) || !Object.hasOwn(level, 'forward')) continue
    wrapped.add(level)
    const original = (level as Module).forward
    if (original.constructor.name === 'AsyncFunction') {
      throw new AsyncError({
        what: `${prototype.constructor.name}: forward is async`,
        expected: 'a synchronous forward: it only records',
        received: 'async forward',
        fix: 'read values outside of forward',
      })
    }
    const wrapper = function (this: Module, ...args: unknown[]): unknown {
      // A super.forward is part of the same call: hooks see it once.
      const forward = this.forward === wrapper ? withHooks(this, original) : original
      return running === null ? outermost(this, forward, args) : inner(this, forward, args)
    }
    ;(level as Module).forward = wrapper
  }
}

function outermost(module: Module, forward: Module['forward'], args: unknown[]): unknown {
  markStack(outermost)
  const frame = pushFrame()
  const end = nextEnd()
  const seen = new Set<object>()
  running = { root: module, call: ++calls, called: [] }
  try {
    const result = refuseAsync(inner(module, forward, args), `${module.constructor.name}.forward`)
    keepIn(result, end, seen)
    return result
  } finally {
    const { called } = running
    running = null
    // What an argument or a module of the call holds was stored on purpose, even when the call failed afterwards.
    for (const arg of args) keepIn(arg, end, seen)
    for (const each of called) for (const key in each) keepField(each[key as keyof Module], end, seen)
    popFrame(frame, end, `${module.constructor.name}.forward`)
  }
}

/** Gives a function that runs others as part of the forward that runs now: what a checkpoint does again has the same paths in errors. */
export function sameForward(): <T>(run: () => T) => T {
  const root = running?.root
  if (root === undefined) return (run) => run()
  return (run) => {
    const before = running
    running = { root, call: ++calls, called: [] }
    try {
      return run()
    } finally {
      running = before
    }
  }
}

/**
 * Runs a part of a deep model's forward, such as one block, and releases what it made when the part ends and not when the whole forward does: of each
 * block only what backward needs then stays in memory. What is in the result, in a field of a module that was called, or wrapped in `keep(t)` lives on.
 */
export function releaseAfter<T>(part: () => T): T {
  const outer = running
  if (outer === null) return part()
  const frame = pushFrame()
  const end = nextEnd()
  const seen = new Set<object>()
  running = { root: outer.root, call: ++calls, called: [] }
  try {
    const result = part()
    keepIn(result, end, seen)
    return result
  } finally {
    const { called } = running
    running = outer
    for (const each of called) for (const key in each) keepField(each[key as keyof Module], end, seen)
    outer.called.push(...called) // their fields outlive the whole forward, too
    popFrame(frame, end, `${outer.root.constructor.name}.forward`)
  }
}

// Submodules are asked for themselves, when they were called.
function keepField(value: unknown, end: number, seen: Set<object>): void {
  if (typeof value !== 'object' || value === null || value instanceof Module) return
  if (Array.isArray(value)) for (let i = 0; i < value.length; i++) keepField(value[i], end, seen)
  else keepIn(value, end, seen)
}

function inner(module: Module, forward: Module['forward'], args: unknown[]): unknown {
  const state = running!
  const place = placeOf(state.root, module)
  if (place.call !== state.call) {
    place.call = state.call
    state.called.push(module)
  }
  const before = setPath(place.path)
  try {
    return forward.apply(module, args)
  } catch (error) {
    // The engine names the module by itself; what TypeScript checks does not know it.
    if (error instanceof LoraError) placeError(error, pathName(state.root, module))
    throw error
  } finally {
    setPath(before)
  }
}

function pathName(root: Module, module: Module): string {
  for (const [path, each] of root.namedModules()) if (each === module && path !== '') return path
  return module.constructor.name
}

/** The interned path of a module below the outermost one. A module made during the call has none and shows its class. */
function placeOf(root: Module, module: Module): Place {
  const known = placesOf.get(root)?.get(module)
  if (known !== undefined) return known
  const places = new Map<Module, Place>()
  const before = placesOf.get(root)
  for (const [path, each] of root.namedModules()) {
    const number = internPath(path === '' ? each.constructor.name : path)
    places.set(each, { path: number, call: before?.get(each)?.call ?? 0 })
  }
  placesOf.set(root, places)
  const place = places.get(module) ?? { path: internPath(module.constructor.name), call: 0 }
  places.set(module, place)
  return place
}
