import { HookHandle } from '../tensor/hook-handle.js'
import { checkOptions } from '../runtime/check-options.js'
import { schemas } from '../runtime/tables.js'
import { attachBlock } from '../tensor/backward.js'
import { OptionError } from '../errors.js'
import { isGradEnabled, refuseAsync } from '../tensor/scope.js'
import { Tensor } from '../tensor/tensor.js'
import type { Module } from './module.js'

// Arguments and results differ between modules, so a hook declares its own types.
/* eslint-disable @typescript-eslint/no-explicit-any */

/** Called with the arguments before forward. */
export type ForwardPreHook = (module: any, args: any[]) => unknown
/** Called with arguments and result after forward. */
export type ForwardHook = (module: any, args: any[], output: any) => unknown
/* eslint-enable */
/** Called in backward with the gradients of the inputs and of the outputs. */
export type FullBackwardHook = (
  module: Module,
  gradInput: (Tensor | null)[],
  gradOutput: (Tensor | null)[],
) => readonly (Tensor | null)[] | undefined | void

/** Options of the hook registration methods. */
export interface HookOptions {
  /** Call the hook before those already registered. @default false */
  prepend?: boolean
}

interface Hooks {
  readonly pre: ForwardPreHook[]
  readonly post: ForwardHook[]
  readonly backward: FullBackwardHook[]
}

type Forward = Module['forward']

// Not in a field, so that neither traversals nor console.log show them.
const hooksOf = new WeakMap<Module, Hooks>()

/** Adds a hook to a module. */
export function addHook<K extends keyof Hooks>(
  module: Module,
  kind: K,
  hook: Hooks[K][number],
  options: HookOptions = {},
): HookHandle {
  if (typeof hook !== 'function') {
    throw new OptionError({
      what: 'a module hook is not a function',
      expected: 'a function',
      received: String(hook),
      fix: 'pass a function; to remove a hook, call handle.remove()',
    })
  }
  checkOptions('the hook of a module', options, schemas.HookOptions)
  let hooks = hooksOf.get(module)
  if (!hooks) hooksOf.set(module, (hooks = { pre: [], post: [], backward: [] }))
  const list = hooks[kind] as Hooks[K][number][]
  // Each registration is separate, even if the same function is registered twice.
  const own = ((...args: never[]) => (hook as (...args: never[]) => unknown)(...args)) as Hooks[K][number]
  if (options.prepend) list.unshift(own)
  else list.push(own)
  return new HookHandle(() => {
    const at = list.indexOf(own)
    if (at >= 0) list.splice(at, 1)
  })
}

let hooksRunning = 0

/** Whether a hook of a forward is running: what it calls is not a part of the module. */
export function isInHook(): boolean {
  return hooksRunning > 0
}

function runHook<T>(hook: () => T): T {
  hooksRunning += 1
  try {
    return hook()
  } finally {
    hooksRunning -= 1
  }
}

/** Whether the module has hooks. */
export function hasHooks(module: Module): boolean {
  const hooks = hooksOf.get(module)
  return hooks !== undefined && hooks.pre.length + hooks.post.length + hooks.backward.length > 0
}

/** The forward of a module with its hooks around it; `forward` itself when it has none. */
export function withHooks(module: Module, forward: Forward): Forward {
  const hooks = hooksOf.get(module)
  if (!hooks || !hasHooks(module)) return forward
  return function (this: Module, ...given: unknown[]): unknown {
    const name = module.constructor.name
    let args = given
    for (const hook of [...hooks.pre]) {
      const changed = refuseAsync(
        runHook(() => hook(module, args)),
        `a forward pre-hook of ${name}`,
      )
      if (changed !== undefined) args = Array.isArray(changed) ? (changed as unknown[]) : [changed]
    }
    const watch = hooks.backward.length > 0 && isGradEnabled() ? new WatchedCall(module, [...hooks.backward]) : null
    let output = forward.apply(module, watch ? watch.inputs(args) : args) as unknown
    for (const hook of [...hooks.post]) {
      const changed = refuseAsync(
        runHook(() => hook(module, args, output)),
        `a forward hook of ${name}`,
      )
      if (changed !== undefined) output = changed
    }
    return watch ? watch.outputs(output) : output
  }
}

/** One call of a module with backward hooks: inputs and outputs pass through blocks that receive their gradients. */
class WatchedCall {
  #gradOutput: (Tensor | null)[] = []
  #hasInputs = false
  readonly #module: Module
  readonly #hooks: readonly FullBackwardHook[]

  constructor(module: Module, hooks: readonly FullBackwardHook[]) {
    this.#module = module
    this.#hooks = hooks
  }

  inputs(args: readonly unknown[]): unknown[] {
    this.#hasInputs = args.some((x) => x instanceof Tensor && x.requiresGrad)
    return this.#pass(args, (grads) => this.#call(grads))
  }

  outputs(output: unknown): unknown {
    const list: readonly unknown[] = Array.isArray(output) ? (output as unknown[]) : [output]
    const seen = this.#pass(list, (grads) => {
      this.#gradOutput = grads
      // If no input requires a gradient, backward ends inside the module and never reaches the input block.
      if (!this.#hasInputs) this.#call([])
      return grads
    })
    return Array.isArray(output) ? seen : seen[0]
  }

  /** Passes the tensors of a list that require a gradient through a block. `onGrads` gets a gradient or null for each tensor of the list. */
  #pass(list: readonly unknown[], onGrads: GradFunction): unknown[] {
    const result = [...list]
    const tensors = result.flatMap((x, at) => (x instanceof Tensor ? [at] : []))
    const attached = tensors.filter((at) => (result[at] as Tensor).requiresGrad)
    if (attached.length === 0) return result
    const sources = attached.map((at) => result[at] as Tensor)
    const aliases = sources.map((t) => t.detach())
    attached.forEach((at, k) => (result[at] = aliases[k]))
    const slots = tensors.map((at) => attached.indexOf(at))
    // Gradients passed to a hook may be used by it, and those of the outputs must stay alive until those of the inputs are known.
    const name = `a backward hook of ${this.#module.constructor.name}`
    attachBlock(sources, aliases, backwardBlock(onGrads, slots), { name, keepsMade: true })
    return result
  }

  #call(gradInput: (Tensor | null)[]): (Tensor | null)[] {
    let grads = gradInput
    for (const hook of this.#hooks) {
      const changed = refuseAsync(hook(this.#module, grads, this.#gradOutput), 'a backward hook')
      if (changed === undefined) continue
      if (changed.length !== grads.length) throw wrongCount(this.#module, grads.length, changed.length)
      grads = [...changed]
    }
    this.#gradOutput = []
    return grads
  }
}

type GradFunction = (grads: (Tensor | null)[]) => (Tensor | null)[]

/**
 * A block's backward that passes `onGrads` a gradient for each tensor of a list. `slots` are their indices among the block's gradients, -1 for
 * none. It is made in a scope without tensors: a tensor captured by the closure would keep its own graph alive.
 */
function backwardBlock(onGrads: GradFunction, slots: readonly number[]): GradFunction {
  return (grads) => {
    const changed = onGrads(slots.map((slot) => grads[slot] ?? null))
    return grads.map((_, i) => changed[slots.indexOf(i)] ?? null)
  }
}

function wrongCount(module: Module, expected: number, received: number): OptionError {
  return new OptionError({
    what: `a backward hook of ${module.constructor.name} returned a wrong number of gradients`,
    expected: `${expected}, one for each argument that is a tensor`,
    received: String(received),
    fix: 'return one gradient or null for each, or nothing to leave them as they are',
  })
}
