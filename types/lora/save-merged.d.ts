// Generated from src/lora/save-merged.ts by `npm run api`. Do not edit.

import type { Module, StateDict } from '../nn/module.js'
import type { FloatDtype } from '../runtime/options.js'
/** Options of {@link saveMerged}. */
export interface SaveMergedOptions {
  /** Convert floating tensors to this element type. @default each tensor's own */
  dtype?: FloatDtype
  /** Strings for the header of the file. @default only `format: 'pt'` */
  metadata?: Record<string, string>
  /**
   * Write a tied weight under each of its keys although only one of them has the update, for a model that does not tie them.
   * @default false: it is an error
   */
  breakTies?: boolean
}
/**
 * The state dict of the plain model that computes what this one does: merged weights under the plain keys, no factors. The model, merged or
 * not, stays as it is. Merged weights are new tensors; all others are the live parameters and buffers.
 *
 * A head that is tied to an adapted embedding, but stays on the base weight, is listed with that weight: the two keys then differ, and a
 * plain model that ties them again cannot hold both. Inject with `includeTied` when the tie must hold.
 */
export declare function mergedStateDict(model: Module): StateDict
/**
 * Writes the plain model that this one computes to a safetensors file: merged weights under the plain keys, no factors, so that every reader of
 * the base model takes it. The model stays as it is; the file appears whole or not at all.
 *
 * While it writes, it holds one copy of the adapted weights.
 * @example
 * await lora.saveMerged(model, 'merged.safetensors', { dtype: 'bf16' })
 * @throws {OptionError} when a tied weight has the update under one of its keys only, which a model that ties them would lose without a word.
 * @throws {FileError} when it cannot be written.
 */
export declare function saveMerged(model: Module, path: string, options?: SaveMergedOptions): Promise<void>
