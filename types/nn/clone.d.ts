// Generated from src/nn/clone.ts by `npm run api`. Do not edit.

import { Module } from './module.js'
/** Options of {@link cloneModule}. */
export interface CloneOptions {
  /** Let the copy use the frozen parameters of the original, which are then not to be written: many adapters on one base. @default false */
  shareFrozen?: boolean
}
/**
 * An independent copy of a model: its own parameters and buffers with the same numbers, `requiresGrad`, ties, mode and merged state.
 *
 * Modules, tensors, arrays, maps, sets and plain objects in fields are copied, whatever stands in several places once; functions and objects
 * of other classes are shared. Gradients are not copied.
 * @example
 * const second = lora.cloneModule(model, { shareFrozen: true })   // another adapter, the same base
 */
export declare function cloneModule<M extends Module>(model: M, options?: CloneOptions): M
