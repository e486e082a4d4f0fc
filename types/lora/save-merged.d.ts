// Generated from src/lora/save-merged.ts by `npm run api`. Do not edit.

import type { Module, StateDict } from '../nn/module.js'
import type { FloatDtype } from '../runtime/options.js'
/** Options of {@link saveMerged}. */
export interface SaveMergedOptions {
  /** Convert floating-point tensors to this dtype. @default each tensor's own */
  dtype?: FloatDtype
  /** String entries for the metadata in the file's header. @default only `format: 'pt'` */
  metadata?: Record<string, string>
  /**
   * Allow a tied weight to be written with different values under its keys, because only some of the layers have the update. The file then suits a
   * model that does not tie them.
   * @default false: it is an error
   */
  breakTies?: boolean
  /**
   * The most bytes of a file, as a number or a text such as `'5GB'`: larger weights are cut into shards, `NAME-00001-of-00003.safetensors` and so on with
   * `NAME.safetensors.index.json`. @default '50GB'
   */
  maxShardSize?: number | string
}
/**
 * The state dict of the equivalent plain model: merged weights under the plain keys, no factors. The model, merged or not, is not changed.
 * Merged weights are new tensors; all others are the model's own parameters and buffers.
 *
 * A head that is tied to an adapted embedding but keeps the base weight is listed with that weight: the two keys then differ, and a plain model
 * that ties them cannot hold both. Inject with `includeTied` to keep them tied.
 */
export declare function mergedStateDict(model: Module): StateDict
/**
 * Writes the equivalent plain model to a safetensors file: merged weights under the plain keys, no factors, so that any program that reads the
 * base model can read it. The model is not changed, and the file is written atomically.
 *
 * While writing, it needs memory for one copy of the adapted weights.
 * @example
 * await lora.saveMerged(model, 'merged.safetensors', { dtype: 'bf16' })
 * @throws {OptionError} when only some of the layers that share a weight have the update: a model that ties them would lose it silently.
 * @throws {FileError} when the file cannot be written.
 */
export declare function saveMerged(model: Module, path: string, options?: SaveMergedOptions): Promise<void>
