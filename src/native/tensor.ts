// What the engine knows of one tensor, by its number.
import type { Tensor } from '../tensor/tensor.js'
import { call } from './call.js'
import { native } from './load.js'
import { scratchBuffer } from './record.js'
import { wrapDescribed } from './wrap.js'

/** A wrapper for a number of the engine, whose shape and dtype are asked for. */
export function fromId(id: number): Tensor {
  const scratch = scratchBuffer()
  call(() => native.describe(id, scratch))
  return wrapDescribed(scratch, 0)
}

/** How often the numbers were changed in place. */
export function version(id: number): number {
  return call(() => native.version(id))
}

/** Whether a gradient flows to it. */
export function requiresGrad(id: number): boolean {
  return call(() => native.requiresGrad(id))
}

/** Makes a leaf trainable or frozen. */
export function setRequiresGrad(id: number, on: boolean): void {
  call(() => native.setRequiresGrad(id, on))
}

/** Whether no recorded op made it. */
export function isLeaf(id: number): boolean {
  return call(() => native.isLeaf(id))
}

/** Its gradient, with a handle for the caller to release; 0 when there is none. */
export function grad(id: number): number {
  return call(() => native.grad(id))
}

/** Sets its gradient, or clears it (0). */
export function setGrad(id: number, gradient: number): void {
  call(() => native.setGrad(id, gradient))
}

/** Whether it has a gradient. */
export function hasGrad(id: number): boolean {
  return call(() => native.hasGrad(id))
}

/** Keeps the gradient of one that is no leaf. */
export function retainGrad(id: number): void {
  call(() => native.retainGrad(id))
}

/** Overwrites each number with that of its gradient, which has a handle for the caller to release; 0 where there is none. */
export function replaceByGrads(ids: Float64Array): void {
  call(() => native.grads(ids))
}

/** The same numbers without a graph. */
export function detach(id: number): Tensor {
  return fromId(call(() => native.detach(id)))
}

/** Says what it is for, one of `KIND`, for `memory()`. */
export function setKind(id: number, kind: number): void {
  native.setKind(id, kind)
}
