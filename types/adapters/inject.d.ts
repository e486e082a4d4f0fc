// Generated from src/adapters/inject.ts by `npm run api`. Do not edit.

import type { Target } from '../lora/targets.js'
import type { Module } from '../nn/module.js'
import { BottleneckAdapter } from './bottleneck.js'
import type { BottleneckOptions } from './bottleneck.js'
/** Where adapters stand: behind both halves of a layer, or behind the second one. */
export type AdapterType = 'houlsby' | 'pfeiffer'
/** Options of {@link injectAdapters}. */
export interface InjectAdaptersOptions {
  /** @default 'houlsby' */
  type?: AdapterType
  /** Width of the bottleneck. @default 64 */
  size?: number
  /**
   * Modules that get an adapter, as in `injectLora`: the end of a half of a post-norm layer, such as `attention.output`, or any module of a layer that gives
   * hidden states. @default the type's places in an encoder: `attention.output` and `output`, in pre-norm models `attn` and `mlp`
   */
  targets?: Target | readonly Target[]
  /** @default 'swish' for Houlsby, 'relu' for Pfeiffer */
  activation?: NonNullable<BottleneckOptions['activation']>
}
/**
 * Puts bottleneck adapters into an encoder, in place, and leaves everything else as it is; follow it with {@link trainOnly}. They go together with LoRA.
 *
 * In post-norm models (BERT, RoBERTa, DeBERTa) the adapter stands between the dropout and the norm of a half of a layer, as in the original: with `houlsby`
 * behind attention and feed-forward part (swish), with `pfeiffer` behind the latter alone (relu), reading the normed sum. In pre-norm models
 * (ModernBERT) it works on what a half adds to the residual stream.
 * @example
 * adapters.injectAdapters(model, { type: 'pfeiffer', size: 16 })
 * adapters.trainOnly(model, ['adapters', 'head'])
 * @returns the paths of the adapters.
 * @throws {OptionError} when a target fits no module, or one that has an adapter already; the model is then unchanged.
 */
export declare function injectAdapters(model: Module, options?: InjectAdaptersOptions): string[]
/** The adapters of a model by their paths. */
export declare function adaptersOf(model: Module): Map<string, BottleneckAdapter>
