// Generated from src/lora/inject.ts by `npm run api`. Do not edit.

import type { Module } from '../nn/module.js'
import type { LoraDropoutOptions, LoraOptions } from './lora-layer.js'
import type { BlockOptions } from './blocks.js'
import type { AttentionFromLayerOptions } from './multihead-attention.js'
import type { Target } from './targets.js'
/** Options of the LoRA layers that {@link injectLora} makes. */
export interface InjectLayerOptions
  extends
    Pick<LoraOptions, 'loraAlpha' | 'mergeWeights'>,
    LoraDropoutOptions,
    Pick<BlockOptions, 'blocks'>,
    Pick<AttentionFromLayerOptions, 'out'> {
  /** Rank of the update. @integer @minimum 1 @default none: each target needs one, here or among its own options */
  r?: number
  /**
   * Adapt only some output blocks of dense layers, which become `lora.MergedLinear`; in an attention, only some of q, k and v.
   * @minItems 1 @default the whole layer
   */
  enableLora?: readonly boolean[]
}
/** Targets with options that override the common ones: an object by layer name, or a Map by any kind of target. */
export type TargetOptions = Readonly<Record<string, InjectLayerOptions>> | ReadonlyMap<Target, InjectLayerOptions>
/** Options of {@link injectLora}. Layer options apply to every target that does not override them. */
export interface InjectOptions extends InjectLayerOptions {
  /**
   * Which layers get an adapter. Each entry must match at least one layer; a layer matched by several entries gets the options of the first.
   * @expected strings, RegExps or functions that name layers, or an object or Map of options for the layers they name
   */
  targets: Target | readonly Target[] | TargetOptions
  /** Layers to leave unchanged although a target matches them. Each entry must exclude at least one. @default none */
  exclude?: Target | readonly Target[]
  /**
   * Give every layer that shares the weight of an adapted layer the same update, with the same factors, so that the weights stay tied after
   * merging, e.g. a language-model head and the token embedding. @default false: it stays on the base weight
   */
  includeTied?: boolean
}
/**
 * Replaces layers of an existing model by LoRA layers, which keep the weight and bias tensors of the originals, now frozen:
 * `nn.Linear` → `lora.Linear`, `nn.TransposedLinear` → `lora.Linear` with `fanInFanOut`, `nn.Embedding` → `lora.Embedding`,
 * `nn.Conv1d`, `nn.Conv2d`, `nn.Conv3d` → `lora.Conv1d`, … (equal kernel sizes only), `nn.MultiheadAttention` → `lora.MultiheadAttention`.
 *
 * Layers are found in fields, arrays, maps, `nn.ModuleList` and `nn.Sequential`. The new layers are in the mode of the old ones and start
 * unmerged; the next `eval()` merges them. A head that is tied to an adapted embedding keeps the base weight unless `includeTied` is true.
 * The other parameters of the model are not changed: call {@link markOnlyLoraAsTrainable} afterwards. The base may be bf16 or f16.
 * @example
 * lora.injectLora(model, { targets: ['c_attn'], r: 4, loraAlpha: 32, enableLora: [true, false, true] })
 * lora.injectLora(model, { targets: { q_proj: { r: 16 }, v_proj: {} }, exclude: /^layers\.0\./, r: 8, loraAlpha: 16 })
 * lora.markOnlyLoraAsTrainable(model)
 * @returns the paths of the replaced layers, in the model's order.
 * @throws {OptionError} when a target matches no layer or an exclude matches none (similar names are suggested), when a string names a module
 * that cannot be adapted or is already adapted, or when an option is invalid. The model is then unchanged.
 * @see peft `inject_adapter_in_model`
 */
export declare function injectLora(model: Module, options: InjectOptions): string[]
