// The tape: recording on or off, callbacks of JavaScript, and the backward pass. Lists of tensors are lists of their ids.
import { call } from './call.js'
import { native } from './load.js'

/** Turns the tape on or off. */
export function setGradEnabled(on: boolean): void {
  call(() => native.setGradEnabled(on))
}

/** Makes outputs depend on inputs through callback number `callback`, which needs the present values of the tensors in `saved`. */
export function attachCallback(
  callback: number,
  inputs: Float64Array,
  outputs: Float64Array,
  saved: Float64Array,
): void {
  call(() => native.attachCallback(callback, inputs, outputs, saved))
}

/** Calls hook number `hook` with the gradient of a tensor in every later backward. */
export function registerHook(id: number, hook: number): void {
  call(() => native.registerHook(id, hook))
}

/** Removes a hook. */
export function removeHook(hook: number): void {
  native.removeHook(hook)
}

/** The callbacks and hooks whose nodes or leaves no longer exist. */
export function takeDroppedCallbacks(): readonly number[] {
  return native.takeDroppedCallbacks()
}

/** Begins a backward pass from `root` with this gradient (0: ones); returns its number. */
export function beginBackward(root: number, gradient: number, retainGraph: boolean): number {
  return call(() => native.backwardBegin(root, gradient, retainGraph))
}

/** Begins a backward pass for the gradients of `inputs` only, from several roots with a gradient each (0: ones). */
export function beginGrads(
  roots: Float64Array,
  gradients: Float64Array,
  inputs: Float64Array,
  retainGraph: boolean,
): number {
  return call(() => native.gradsBegin(roots, gradients, inputs, retainGraph))
}

/**
 * Continues a backward pass. Returns 0 at its end, with the requested gradients in `scratch` as `[count, id…]`; else the number of the callback or
 * hook to answer, with `[count, id…]` of its gradients, then `[count, id…]` of its saved tensors.
 */
export function runBackward(walk: number, scratch: Float64Array): number {
  return call(() => native.backwardRun(walk, scratch))
}

/** Supplies the result of a callback, the gradients of its inputs (0: none), or of a hook, the gradient to use from there on (0: the same). */
export function supplyGrads(walk: number, gradients: Float64Array): void {
  call(() => native.backwardSupply(walk, gradients))
}

/** Abandons a backward pass, after a function of JavaScript threw. */
export function abandonBackward(walk: number): void {
  native.backwardAbandon(walk)
}
