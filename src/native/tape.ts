// The tape: whether ops go onto it, functions of JavaScript on it, and walks back along it. Lists of tensors are lists of their numbers.
import { call } from './call.js'
import { native } from './load.js'

/** Turns the tape on or off. */
export function setGradEnabled(on: boolean): void {
  call(() => native.setGradEnabled(on))
}

/** Makes outputs depend on inputs through callback number `callback`, which needs the tensors of `saved` as they are now. */
export function attachCallback(
  callback: number,
  inputs: Float64Array,
  outputs: Float64Array,
  saved: Float64Array,
): void {
  call(() => native.attachCallback(callback, inputs, outputs, saved))
}

/** Lets hook number `hook` see the gradient of a tensor in every later backward. */
export function registerHook(id: number, hook: number): void {
  call(() => native.registerHook(id, hook))
}

/** Forgets a hook. */
export function removeHook(hook: number): void {
  native.removeHook(hook)
}

/** The callbacks and hooks whose nodes or leaves are gone. */
export function takeDroppedCallbacks(): readonly number[] {
  return native.takeDroppedCallbacks()
}

/** Begins backward from `root` with this gradient (0: one); returns the number of the walk. */
export function beginBackward(root: number, gradient: number, retainGraph: boolean): number {
  return call(() => native.backwardBegin(root, gradient, retainGraph))
}

/** Begins a walk for the gradients of `inputs` alone, from several roots with a gradient each (0: ones). */
export function beginGrads(
  roots: Float64Array,
  gradients: Float64Array,
  inputs: Float64Array,
  retainGraph: boolean,
): number {
  return call(() => native.gradsBegin(roots, gradients, inputs, retainGraph))
}

/**
 * Goes on with a walk. Returns 0 at its end, with the gradients that were asked for in `scratch` as `[count, id…]`; else the number of the callback or
 * hook to answer, with `[count, id…]` of its gradients and again of the tensors that it saved.
 */
export function runBackward(walk: number, scratch: Float64Array): number {
  return call(() => native.backwardRun(walk, scratch))
}

/** Answers a callback with the gradients of its inputs (0: none), a hook with the gradient to go on with (0: the same). */
export function supplyGrads(walk: number, gradients: Float64Array): void {
  call(() => native.backwardSupply(walk, gradients))
}

/** Gives up a walk: a function of JavaScript threw. */
export function abandonBackward(walk: number): void {
  native.backwardAbandon(walk)
}
