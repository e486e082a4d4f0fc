// The wrapper around a module's forward: a frame that releases its tensors, the module path for errors, and hooks.
import { AsyncError, LoraError, placeError } from '../errors.js'
import { beginForward, resumeForward, runningForward } from '../autograd/running-forward.js'
import type { RunningForward } from '../autograd/running-forward.js'
import { markStack } from '../native/call.js'
import { internPath, setPath } from '../native/module-path.js'
import { keepIn, nextEnd, popFrame, pushFrame, refuseAsync } from '../tensor/scope.js'
import { withHooks } from './module-hooks.js'
import { isModule } from './is-module.js'
import type { Module } from './module.js'

const wrapped = new WeakSet<object>()

/** A module's path below an outermost module. */
interface PathInRoot {
  /** Number of the interned path. */
  readonly number: number
  /** Number of the outermost call that last called it. */
  call: number
}

const pathsOf = new WeakMap<Module, Map<Module, PathInRoot>>()

/** Wraps `forward` of every class from `prototype` up to Module, each once; `super.forward` then goes through the wrapper too. */
export function wrapForward(prototype: Module): void {
  for (let level: object = prototype; isModule(level); level = Object.getPrototypeOf(level) as object) {
    if (wrapped.has(level) || !Object.hasOwn(level, 'forward')) continue
    wrapped.add(level)
    const original = level.forward
    if (original.constructor.name === 'AsyncFunction') {
      throw new AsyncError({
        what: `${prototype.constructor.name}: forward is async`,
        expected: 'a synchronous forward: it only records',
        received: 'async forward',
        fix: 'read values outside forward',
      })
    }
    const wrapper = function (this: Module, ...args: unknown[]): unknown {
      // A super.forward is part of the same call: hooks run once.
      const forward = this.forward === wrapper ? withHooks(this, original) : original
      const running = runningForward()
      return running === null ? outermost(this, forward, args) : inner(running, this, forward, args)
    }
    level.forward = wrapper
  }
}

function outermost(module: Module, forward: Module['forward'], args: unknown[]): unknown {
  markStack(outermost)
  const frame = pushFrame()
  const end = nextEnd()
  const seen = new Set<object>()
  const running = beginForward(module)
  try {
    const result = refuseAsync(inner(running, module, forward, args), `${module.constructor.name}.forward`)
    keepIn(result, end, seen)
    return result
  } finally {
    resumeForward(null)
    // Tensors stored in an argument or in a called module were stored on purpose, even if the call failed afterwards.
    for (const arg of args) keepIn(arg, end, seen)
    for (const each of running.called) for (const key in each) keepField(each[key as keyof Module], end, seen)
    popFrame(frame, end, `${module.constructor.name}.forward`)
  }
}

/**
 * Runs a part of a deep model's forward, such as one block, and releases the tensors it made when the part ends instead of at the end of the whole
 * forward: of each block, only what backward needs stays in memory. Tensors in the result, in a field of a called module, or wrapped in `keep(t)` are
 * kept.
 */
export function releaseAfter<T>(part: () => T): T {
  const outer = runningForward()
  if (outer === null) return part()
  const frame = pushFrame()
  const end = nextEnd()
  const seen = new Set<object>()
  const { called } = beginForward(outer.root)
  try {
    const result = part()
    keepIn(result, end, seen)
    return result
  } finally {
    resumeForward(outer)
    for (const each of called) for (const key in each) keepField(each[key as keyof Module], end, seen)
    outer.called.push(...called) // their fields must also outlive the whole forward
    popFrame(frame, end, `${outer.root.constructor.name}.forward`)
  }
}

// Submodules are skipped: if they were called, they are handled themselves.
function keepField(value: unknown, end: number, seen: Set<object>): void {
  if (typeof value !== 'object' || value === null || isModule(value)) return
  if (Array.isArray(value)) for (let i = 0; i < value.length; i++) keepField(value[i], end, seen)
  else keepIn(value, end, seen)
}

function inner(running: RunningForward, module: Module, forward: Module['forward'], args: unknown[]): unknown {
  const path = pathIn(running.root, module)
  if (path.call !== running.call) {
    path.call = running.call
    running.called.push(module)
  }
  const before = setPath(path.number)
  try {
    return forward.apply(module, args)
  } catch (error) {
    // Errors of the engine name the module already; errors of checks in TypeScript do not.
    if (error instanceof LoraError) placeError(error, pathName(running.root, module))
    throw error
  } finally {
    setPath(before)
  }
}

function pathName(root: Module, module: Module): string {
  for (const [path, each] of root.namedModules()) if (each === module && path !== '') return path
  return module.constructor.name
}

/** The interned path of a module below the outermost one. A module created during the call has none; its class name is used. */
function pathIn(root: Module, module: Module): PathInRoot {
  const known = pathsOf.get(root)?.get(module)
  if (known !== undefined) return known
  const paths = new Map<Module, PathInRoot>()
  const before = pathsOf.get(root)
  for (const [path, each] of root.namedModules()) {
    const number = internPath(path === '' ? each.constructor.name : path)
    paths.set(each, { number, call: before?.get(each)?.call ?? 0 })
  }
  pathsOf.set(root, paths)
  const path = paths.get(module) ?? { number: internPath(module.constructor.name), call: 0 }
  paths.set(module, path)
  return path
}
