// The state of one tensor in the engine, by its id.
import type { Tensor } from '../tensor/tensor.js'
import { call } from './call.js'
import { native } from './load.js'
import { scratchBuffer } from './record.js'
import { wrapDescribed } from './wrap.js'

/** A wrapper for a tensor of the engine; gets shape and dtype from there. */
export function fromId(id: number): Tensor {
  const scratch = scratchBuffer()
  call(() => native.describe(id, scratch))
  return wrapDescribed(scratch, 0)
}

/** How often the tensor was changed in place. */
export function version(id: number): number {
  return call(() => native.version(id))
}

/** Whether it requires a gradient. */
export function requiresGrad(id: number): boolean {
  return call(() => native.requiresGrad(id))
}

/** Makes a leaf trainable or frozen. */
export function setRequiresGrad(id: number, on: boolean): void {
  call(() => native.setRequiresGrad(id, on))
}

/** Whether it is a leaf: not the result of a recorded op. */
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

/** Keeps the gradient of a tensor that is not a leaf. */
export function retainGrad(id: number): void {
  call(() => native.retainGrad(id))
}

/** Replaces each id by that of its gradient, which has a handle for the caller to release; 0 where there is none. */
export function replaceByGrads(ids: Float64Array): void {
  call(() => native.grads(ids))
}

/** The same storage without a graph. */
export function detach(id: number): Tensor {
  return fromId(call(() => native.detach(id)))
}

/** What it is used for, one of `KIND`. */
export function kindOf(id: number): number {
  return call(() => native.kind(id))
}

/** Number of its storage: views share it. */
export function storageOf(id: number): number {
  return call(() => native.storage(id))
}

/** Sets what it is used for, one of `KIND`: `memory()` counts by it, and no failure destroys a weight, a buffer or a state of an optimizer. */
export function setKind(id: number, kind: number): void {
  native.setKind(id, kind)
}
