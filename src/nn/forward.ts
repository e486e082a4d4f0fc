// The wrapper around a module's forward: a frame that releases its tensors, the module path for errors, and hooks.
import { AsyncError, LoraError, OptionError, addModulePath } from '../errors.js'
import { beginForward, resumeForward, runningForward } from '../autograd/running-forward.js'
import type { RunningForward } from '../autograd/running-forward.js'
import { markStack } from '../native/call.js'
import { internPath, setPath } from '../native/module-path.js'
import { isLargeData } from '../tensor/large-data.js'
import { isGradEnabled, keepIn, nextEnd, popFrame, pushFrame, refuseAsync } from '../tensor/scope.js'
import type { Tensor } from '../tensor/tensor.js'
import { isInHook, withHooks } from './module-hooks.js'
import { isModule } from './is-module.js'
import type { Module } from './module.js'

const wrapped = new WeakSet<object>()

/** A module's path below an outermost module. */
interface PathInRoot {
  /** Number of the interned path. */
  readonly number: number
  /** Number of the outermost call that last called it. */
  call: number
  /** Whether its parameters were hidden from the outermost module when no gradients were recorded, so that they are looked at again when they are. */
  readonly isOpen: boolean
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
  const running = beginForward(module, args)
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
  const { called } = beginForward(outer.root, outer.args)
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

function keepField(value: unknown, end: number, seen: Set<object>): void {
  if (typeof value === 'object' && value !== null && !isModule(value)) keepIn(value, end, seen, isSkipped)
}

/** Submodules are skipped: if they were called, they are handled themselves. So is what cannot hold a tensor, however much of it there is. */
function isSkipped(value: object): boolean {
  return isModule(value) || isLargeData(value)
}

function inner(running: RunningForward, module: Module, forward: Module['forward'], args: unknown[]): unknown {
  const path = pathIn(running, module)
  if (path.call !== running.call) {
    path.call = running.call
    running.called.push(module)
  }
  const before = setPath(path.number)
  try {
    return forward.apply(module, args)
  } catch (error) {
    // Errors of the engine name the module already; errors of checks in TypeScript do not.
    if (error instanceof LoraError) addModulePath(error, pathName(running.root, module))
    throw error
  } finally {
    setPath(before)
  }
}

function pathName(root: Module, module: Module): string {
  for (const [path, each] of root.namedModules()) if (each === module && path !== '') return path
  return module.constructor.name
}

/** The interned path of a module below the outermost one. A module that is not among those of the outermost one has none; its class name is used. */
function pathIn(running: RunningForward, module: Module): PathInRoot {
  const { root } = running
  const known = pathsOf.get(root)?.get(module)
  if (known !== undefined && !(known.isOpen && isGradEnabled())) return known
  const paths = new Map<Module, PathInRoot>()
  const before = pathsOf.get(root)
  for (const [path, each] of root.namedModules()) {
    const number = internPath(path === '' ? each.constructor.name : path)
    paths.set(each, { number, call: before?.get(each)?.call ?? 0, isOpen: false })
  }
  pathsOf.set(root, paths)
  const found = paths.get(module)
  if (found !== undefined) return found
  const isOpen = isHidden(running, module)
  const path = { number: internPath(module.constructor.name), call: known?.call ?? 0, isOpen }
  paths.set(module, path)
  return path
}

/**
 * Whether a module that the outermost one does not list has trainable parameters that this one does not list either, while no gradients are recorded: then it
 * may be a teacher. A frozen module may be anywhere, and so may one that the caller passed in, or that a hook calls.
 * @throws {OptionError} when gradients flow into parameters that nobody would train or save.
 */
function isHidden({ root, args }: RunningForward, module: Module): boolean {
  const trainable = module.parameters().filter((tensor) => tensor.requiresGrad)
  if (trainable.length === 0) return false
  const owners = [root, ...args.filter(isModule)]
  const known = new Set<Tensor>(owners.flatMap((owner) => owner.parameters()))
  const unknown = trainable.filter((tensor) => !known.has(tensor))
  if (unknown.length === 0 || isInHook()) return false
  if (!isGradEnabled()) return true
  const [name, owner] = [module.constructor.name, root.constructor.name]
  throw new OptionError({
    what: `${owner} calls a ${name} that is not among its modules`,
    expected: `modules in the fields of ${owner} or of its modules: alone, or in arrays, maps and plain objects`,
    received: `a ${name} in a private field (#name), a variable, a Set or another object: parameters() and stateDict() do not list its ${unknown.length} trainable parameters`,
    fix: `keep the ${name} in a field of the module; if it is not to be trained, freeze it: requiresGrad_(false)`,
  })
}
