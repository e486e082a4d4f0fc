// Generated from src/nn/clone.ts by `npm run api`. Do not edit.

import { Module } from './module.js'
/** Options of {@link cloneModule}. */
export interface CloneOptions {
  /** Share the frozen parameters with the original, e.g. for many adapters on one base; they must then not be modified. @default false */
  shareFrozen?: boolean
}
/**
 * An independent copy of a model, with copies of its parameters and buffers. Values, `requiresGrad`, tied weights, mode and merged state are kept.
 *
 * Modules, tensors, arrays, maps, sets and plain objects in fields are copied, each once, however often it is referenced; functions and objects of
 * other classes are shared. Gradients are not copied.
 * @example
 * const second = lora.cloneModule(model, { shareFrozen: true })   // another adapter, the same base
 */
export declare function cloneModule<M extends Module>(model: M, options?: CloneOptions): M
