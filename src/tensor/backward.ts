// The backward pass. TypeScript drives it, so that Rust never calls JavaScript: it pauses at a hook or a block until its result is supplied.
import { checkOptions } from '../runtime/check-options.js'
import { schemas } from '../runtime/tables.js'
import { OptionError, UnsupportedError } from '../errors.js'
import { markStack } from '../native/call.js'
import { lazy } from '../native/lazy.js'
import type { Lazy } from '../native/lazy.js'
import { release } from '../native/handle.js'
import { flush } from '../native/engine.js'
import * as tape from '../native/tape.js'
import { fromId } from '../native/tensor.js'
import { isTensor } from '../native/wrap.js'
import { nextEnd, popFrame, popFrameKeepingAll, pushFrame, withGrad } from './scope.js'
import type { Tensor } from './tensor.js'

/**
 * The backward of a block in JavaScript: takes the gradients of its outputs, returns those of its inputs. `saved` are the ids of the tensors that were
 * attached as saved.
 */
export type BlockBackward = (grads: (Tensor | null)[], saved: readonly number[]) => (Tensor | null)[]

/** Options of {@link attachBlock}. */
export interface AttachOptions {
  /** Tensors to dispose of with the block. */
  held?: readonly Tensor[]
  /** Tensors whose present values its backward needs. */
  saved?: readonly Tensor[]
  /** Name in errors about tensors that were released at the end of its backward. */
  name: string
  /** Whether tensors made in its backward are kept, and freed by the caller. */
  keepsMade?: boolean
  /** Whether its backward adds to the gradients of parameters that are not inputs. */
  reachesLeaves?: boolean
}

/** A function that is called with a gradient, and may return another one to use instead. */
export type GradientHook = (grad: Tensor) => Tensor | null | undefined | void

interface Block extends AttachOptions {
  readonly backward: BlockBackward
}

const blocks = new Map<number, Block>()
const hooks = new Map<number, GradientHook>()
let last = 0
/** The most numbers that the lists of one pause take. */
let pauseLength = 64

/** Makes `outputs` depend on `inputs` through `backward`. The tensors in `held` are disposed of when the graph is freed. */
export function attachBlock(
  inputs: readonly Tensor[],
  outputs: readonly Tensor[],
  backward: BlockBackward,
  options: AttachOptions,
): void {
  forgetDropped()
  const number = ++last
  const saved = options.saved ?? []
  pauseLength = Math.max(pauseLength, outputs.length + saved.length + 2)
  tape.attachCallback(number, ids(inputs), ids(outputs), ids(saved))
  blocks.set(number, { ...options, saved: [], backward })
}

/** Calls `hook` with the gradient of a tensor in every later backward; returns its number. */
export function attachHook(tensor: Tensor, hook: GradientHook): number {
  forgetDropped()
  const number = ++last
  tape.registerHook(tensor.id, number)
  hooks.set(number, hook)
  return number
}

/** Removes a hook. */
export function detachHook(number: number): void {
  tape.removeHook(number)
  hooks.delete(number)
}

/** Releases blocks whose graph was freed, with the tensors that they hold, and hooks that no gradient can reach any more. */
export function forgetDropped(): void {
  for (const dropped of tape.takeDroppedCallbacks()) {
    hooks.delete(dropped)
    for (const tensor of blocks.get(dropped)?.held ?? []) tensor.dispose()
    blocks.delete(dropped)
  }
}

/** Runs backward from `root` and adds to the gradients of the leaves. */
export function runBackward(root: Tensor, gradient: Tensor | null, options: BackwardOptions): Lazy {
  checkOptions('backward', options, schemas.BackwardOptions)
  refuseCreateGraph('backward', options)
  markStack(runBackward)
  const retain = options.retainGraph ?? false
  const walk = tape.beginBackward(root.id, gradient === null ? 0 : gradient.id, retain)
  drive(walk, new Float64Array(pauseLength), false)
  flush()
  return lazy()
}

/** Options of `backward`. */
export interface BackwardOptions {
  /** Keep the graph, for another backward. @default false */
  retainGraph?: boolean
  /** Not supported: true is an error, since gradients have no graph. @default false */
  createGraph?: boolean
}

/** Runs backward from `roots` for the gradients of `inputs` only: null for an input on which no root depends. */
export function gradients(
  roots: readonly Tensor[],
  seeds: readonly (Tensor | null)[],
  inputs: readonly Tensor[],
  options: BackwardOptions,
): (Tensor | null)[] {
  refuseCreateGraph('grad', options)
  markStack(gradients)
  const seedIds = Float64Array.from(seeds, (seed) => seed?.id ?? 0)
  const walk = tape.beginGrads(ids(roots), seedIds, ids(inputs), options.retainGraph ?? false)
  const scratch = new Float64Array(Math.max(pauseLength, inputs.length + 1))
  drive(walk, scratch, true)
  flush()
  return listIn(scratch, 0).map((id) => (id === 0 ? null : fromId(id)))
}

function refuseCreateGraph(what: string, options: BackwardOptions): void {
  if (!options.createGraph) return
  throw new UnsupportedError({
    what: `${what}: gradients of gradients are not supported`,
    expected: 'createGraph: false',
    received: 'createGraph: true',
    fix: 'write the second derivative with operations of its own, or as the backward of a lora.Function',
  })
}

/** Runs a backward pass to its end; its result is then in `scratch`. */
function drive(walk: number, scratch: Float64Array, alone: boolean): void {
  for (;;) {
    const number = tape.runBackward(walk, scratch)
    if (number === 0) break
    const grads = listIn(scratch, 0)
    const saved = listIn(scratch, grads.length + 1)
    try {
      const block = blocks.get(number)
      if (block === undefined) answerHook(walk, hooks.get(number), grads[0]!)
      else answerBlock(walk, block, grads, saved, alone)
    } catch (error) {
      tape.abandonBackward(walk)
      throw error
    }
  }
  forgetDropped()
}

function answerHook(walk: number, hook: GradientHook | undefined, id: number): void {
  const grad = fromId(id)
  // Tensors made in a hook are not released: norms and copies of gradients are read later.
  const result = withGrad(false, () => hook?.(grad), 'a gradient hook')
  if (result !== undefined && result !== null && !isTensor(result)) {
    throw new OptionError({
      what: 'a gradient hook returned something that is not a tensor',
      expected: 'a tensor like the gradient, or nothing to keep the gradient',
      received: String(result),
      fix: 'return the new gradient, or nothing',
    })
  }
  tape.supplyGrads(walk, Float64Array.of(result?.id ?? 0))
}

function answerBlock(walk: number, block: Block, grads: number[], saved: number[], alone: boolean): void {
  if (alone && block.reachesLeaves) {
    for (const id of grads) if (id !== 0) release(id)
    throw new UnsupportedError({
      what: `grad: ${block.name} adds to the gradients of parameters, which grad must not change`,
      expected: 'a graph without checkpoints',
      received: `a block of ${block.name}`,
      fix: 'use backward() and read .grad, or compute without checkpoint',
    })
  }
  const frame = pushFrame()
  try {
    const results = block.backward(
      grads.map((id) => (id === 0 ? null : fromId(id))),
      saved,
    )
    const answers = Float64Array.from(results, (t) => t?.id ?? 0)
    tape.supplyGrads(walk, answers)
  } finally {
    if (block.keepsMade) popFrameKeepingAll(frame)
    else popFrame(frame, nextEnd(), block.name)
  }
}

/** The list that begins at an offset: its length, then its numbers. */
function listIn(scratch: Float64Array, offset: number): number[] {
  return Array.from(scratch.subarray(offset + 1, offset + 1 + scratch[offset]!))
}

function ids(tensors: readonly Tensor[]): Float64Array {
  return Float64Array.from(tensors, (t) => t.id)
}
