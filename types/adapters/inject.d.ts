// Generated from src/adapters/inject.ts by `npm run api`. Do not edit.

import type { Target } from '../lora/targets.js'
import type { Module } from '../nn/module.js'
import { BottleneckAdapter } from './bottleneck.js'
import type { BottleneckOptions } from './bottleneck.js'
/** Where adapters are inserted: after attention and MLP of each layer (`houlsby`), or after the MLP alone (`pfeiffer`). */
export type AdapterType = 'houlsby' | 'pfeiffer'
/** Options of {@link injectAdapters}. */
export interface InjectAdaptersOptions {
  /** Where adapters are inserted. @default 'houlsby' */
  type?: AdapterType
  /** Width of the bottleneck. @integer @minimum 1 @default 64 */
  size?: number
  /**
   * Modules that get an adapter, as in `injectLora`: the end of a half of a post-norm layer, such as `attention.output`, or any module of a layer that returns
   * hidden states. @default those of the type: `attention.output` and `output`, in pre-norm models `attn` and `mlp`
   */
  targets?: Target | readonly Target[]
  /** Activation of the adapters. @default 'swish' for Houlsby, 'relu' for Pfeiffer */
  activation?: NonNullable<BottleneckOptions['activation']>
}
/**
 * Inserts bottleneck adapters into an encoder, in place; call {@link trainOnly} next. They can be combined with LoRA.
 *
 * In post-norm models (BERT, RoBERTa, DeBERTa) the adapter lies between the dropout and the norm of a half of a layer, as in the original: with `houlsby`
 * after attention and MLP (swish), with `pfeiffer` after the MLP alone (relu), reading the normalised sum. In pre-norm models
 * (ModernBERT) it transforms the output of a half before it is added to the residual stream.
 * @example
 * adapters.injectAdapters(model, { type: 'pfeiffer', size: 16 })
 * adapters.trainOnly(model, ['adapters', 'head'])
 * @returns the paths of the adapters.
 * @throws {OptionError} when a target matches no module, or one that already has an adapter; the model is then unchanged.
 */
export declare function injectAdapters(model: Module, options?: InjectAdaptersOptions): string[]
/** The adapters of a model by their paths. */
export declare function adaptersOf(model: Module): Map<string, BottleneckAdapter>
