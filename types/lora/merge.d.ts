// Generated from src/lora/merge.ts by `npm run api`. Do not edit.

import type { Module } from '../nn/module.js'
/** Merges every LoRA layer of the model, whatever its `mergeWeights` says. */
export declare function mergeAll(model: Module): void
/** Unmerges every LoRA layer of the model. */
export declare function unmergeAll(model: Module): void
/**
 * Replaces every LoRA layer inside the model by a plain layer with the merged weight, and drops the factors.
 *
 * The result needs no more memory than the base model and cannot be unmerged. A layer of rank 0 keeps its weight. A plain head that was tied
 * to an adapted embedding keeps the base weight: the two are then no longer tied.
 * @returns the paths of the replaced layers.
 * @throws {OptionError} when the model is itself a LoRA layer: call its `toPlain()`.
 */
export declare function mergeAndUnload(model: Module): string[]
