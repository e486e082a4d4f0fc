import { HookHandle } from '../tensor/hook-handle.js'
import { checkOptions } from '../runtime/check-options.js'
import * as schemas from '../generated/options.js'
import { attachBlock } from '../tensor/backward.js'
import { OptionError } from '../errors.js'
import { isGradEnabled, refuseAsync } from '../tensor/scope.js'
import { Tensor } from '../tensor/tensor.js'
import type { Module } from './module.js'

// Every module has arguments and results of its own, so a hook says itself what it takes.
/* eslint-disable @typescript-eslint/no-explicit-any */

/** Sees the arguments before forward. */
export type ForwardPreHook = (module: any, args: any[]) => unknown
/** Sees arguments and result after forward. */
export type ForwardHook = (module: any, args: any[], output: any) => unknown
/* eslint-enable */
/** Sees gradients in backward. */
export type FullBackwardHook = (
  module: Module,
  gradInput: (Tensor | null)[],
  gradOutput: (Tensor | null)[],
) => readonly (Tensor | null)[] | undefined | void

/** How a hook is registered. */
export interface HookOptions {
  /** Call it before those that are there already. @default false */
  prepend?: boolean
}

interface Hooks {
  readonly pre: ForwardPreHook[]
  readonly post: ForwardHook[]
  readonly backward: FullBackwardHook[]
}

type Forward = Module['forward']

// Not in a field: neither walks nor console.log shall show them.
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
      what: 'a module hook is no function',
      expected: 'a function',
      received: String(hook),
      fix: 'pass a function; a hook is taken back with handle.remove()',
    })
  }
  checkOptions('the hook of a module', options, schemas.HookOptions)
  let hooks = hooksOf.get(module)
  if (!hooks) hooksOf.set(module, (hooks = { pre: [], post: [], backward: [] }))
  const list = hooks[kind] as Hooks[K][number][]
  // Each registration counts for itself, the same function twice, too.
  const own = ((...args: never[]) => (hook as (...args: never[]) => unknown)(...args)) as Hooks[K][number]
  if (options.prepend) list.unshift(own)
  else list.push(own)
  return new HookHandle(() => {
    const at = list.indexOf(own)
    if (at >= 0) list.splice(at, 1)
  })
}

/** Whether a call of the module's forward is seen by somebody. */
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
      const changed = refuseAsync(hook(module, args), `a forward pre-hook of ${name}`)
      if (changed !== undefined) args = Array.isArray(changed) ? (changed as unknown[]) : [changed]
    }
    const watch = hooks.backward.length > 0 && isGradEnabled() ? new Watch(module, [...hooks.backward]) : null
    let output = forward.apply(module, watch ? watch.inputs(args) : args) as unknown
    for (const hook of [...hooks.post]) {
      const changed = refuseAsync(hook(module, args, output), `a forward hook of ${name}`)
      if (changed !== undefined) output = changed
    }
    return watch ? watch.outputs(output) : output
  }
}

/** One call with backward hooks: inputs and outputs pass through blocks that see their gradients. */
class Watch {
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
      // Without an input that gets a gradient backward ends inside the module.
      if (!this.#hasInputs) this.#call([])
      return grads
    })
    return Array.isArray(output) ? seen : seen[0]
  }

  /** Sends the tensors of a list that require a gradient through a block; `see` gets a gradient for each tensor of the list. */
  #pass(list: readonly unknown[], see: See): unknown[] {
    const result = [...list]
    const tensors = result.flatMap((x, at) => (x instanceof Tensor ? [at] : []))
    const tied = tensors.filter((at) => (result[at] as Tensor).requiresGrad)
    if (tied.length === 0) return result
    const sources = tied.map((at) => result[at] as Tensor)
    const aliases = sources.map((t) => t.detach())
    tied.forEach((at, k) => (result[at] = aliases[k]))
    const slots = tensors.map((at) => tied.indexOf(at))
    // Gradients that a hook looked at are the caller's, and those of the outputs must last until the inputs' are there.
    const name = `a backward hook of ${this.#module.constructor.name}`
    attachBlock(sources, aliases, answering(see, slots), { name, keepsMade: true })
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

type See = (grads: (Tensor | null)[]) => (Tensor | null)[]

/**
 * A block's backward that shows `see` a gradient for each tensor of a list; `slots` are their places among the gradients that come, -1 for
 * none. Made where no tensor is in reach: one that it kept would keep its own graph alive.
 */
function answering(see: See, slots: readonly number[]): See {
  return (grads) => {
    const changed = see(slots.map((slot) => grads[slot] ?? null))
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
