// What a call of forward does around the module's own: one frame for what it makes, the path for errors, hooks.
import { AsyncError } from '../errors.js'
import { markStack } from '../native/call.js'
import { native } from '../native/load.js'
import { popFrame, pushFrame, refuseAsync, tensorsIn } from '../scope.js'
import type { Tensor } from '../tensor.js'
import { withHooks } from './module-hooks.js'
import { Module } from './module.js'

const wrapped = new WeakSet<object>()

/** What runs between the outermost forward and its end. */
interface Running {
  readonly root: Module
  readonly called: Set<Module>
}

let running: Running | null = null
const pathsOf = new WeakMap<Module, Map<Module, number>>()

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
  running = { root: module, called: new Set() }
  let kept = new Set<Tensor>()
  try {
    const result = refuseAsync(inner(module, forward, args), `${module.constructor.name}.forward`)
    kept = tensorsIn(result)
    return result
  } finally {
    const { called } = running
    running = null
    // What an argument or a module of the call holds was stored on purpose, even when the call failed afterwards.
    const seen = new Set<object>()
    for (const arg of args) tensorsIn(arg, kept, seen)
    for (const each of called) for (const key in each) ownFields(each[key as keyof Module], kept, seen)
    popFrame(frame, kept, `${module.constructor.name}.forward`)
  }
}

/** Gives a function that runs others as part of the forward that runs now: what a checkpoint does again has the same paths in errors. */
export function sameForward(): <T>(run: () => T) => T {
  const root = running?.root
  if (root === undefined) return (run) => run()
  return (run) => {
    const before = running
    running = { root, called: new Set() }
    try {
      return run()
    } finally {
      running = before
    }
  }
}

// Submodules are asked for themselves, when they were called.
function ownFields(value: unknown, kept: Set<Tensor>, seen: Set<object>): void {
  if (value instanceof Module) return
  if (Array.isArray(value)) for (const item of value) ownFields(item, kept, seen)
  else if (typeof value === 'object' && value !== null) tensorsIn(value, kept, seen)
}

function inner(module: Module, forward: Module['forward'], args: unknown[]): unknown {
  const state = running!
  state.called.add(module)
  const before = native.setPath(pathNumber(state.root, module))
  try {
    return forward.apply(module, args)
  } finally {
    native.setPath(before)
  }
}

/** The interned path of a module below the outermost one. A module made during the call has none and shows its class. */
function pathNumber(root: Module, module: Module): number {
  const known = pathsOf.get(root)?.get(module)
  if (known !== undefined) return known
  const paths = new Map<Module, number>()
  for (const [path, each] of root.namedModules())
    paths.set(each, native.internPath(path === '' ? each.constructor.name : path))
  pathsOf.set(root, paths)
  const number = paths.get(module) ?? native.internPath(module.constructor.name)
  paths.set(module, number)
  return number
}
