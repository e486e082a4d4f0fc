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
   * Adapt only some blocks of the outputs of dense layers: they become `lora.MergedLinear`; in an attention, only some of q, k and v.
   * @minItems 1 @default the whole layer
   */
  enableLora?: readonly boolean[]
}
/** Targets with options of their own, which go before the common ones: by name, or in a Map by any kind of target. */
export type TargetOptions = Readonly<Record<string, InjectLayerOptions>> | ReadonlyMap<Target, InjectLayerOptions>
/** Options of {@link injectLora}. Those for layers count for every target that does not say otherwise. */
export interface InjectOptions extends InjectLayerOptions {
  /**
   * Which layers get an adapter. Each entry must fit at least one layer; a layer that several entries fit takes the options of the first.
   * @expected strings, RegExps or functions that name layers, or an object or Map of options for the layers they name
   */
  targets: Target | readonly Target[] | TargetOptions
  /** Layers that stay as they are, although a target fits. Each entry must leave out at least one. @default none */
  exclude?: Target | readonly Target[]
  /**
   * Let every layer that shares the weight of an adapted one have the same update, with the same factors, so that the tie holds after merging:
   * a language-model head beside its token embedding. @default false: it stays on the base weight
   */
  includeTied?: boolean
}
/**
 * Turns layers of an existing model into LoRA layers, keeping their weight and bias (the tensors themselves, now frozen):
 * `nn.Linear` → `lora.Linear`, `nn.TransposedLinear` → `lora.Linear` with `fanInFanOut`, `nn.Embedding` → `lora.Embedding`,
 * `nn.Conv1d`, `nn.Conv2d`, `nn.Conv3d` → `lora.Conv1d`, … (equal kernel sizes only), `nn.MultiheadAttention` → `lora.MultiheadAttention`.
 *
 * Layers are found wherever the model holds them: in fields, arrays, maps, `nn.ModuleList` and `nn.Sequential`. The new layers take over
 * the mode of the old ones and start unmerged; the next `eval()` merges them. A head that is tied to an adapted embedding stays on the base
 * weight unless `includeTied` is true. The other parameters of the model are left alone: follow it with {@link markOnlyLoraAsTrainable}.
 * The base may be bf16 or f16.
 * @example
 * lora.injectLora(model, { targets: ['c_attn'], r: 4, loraAlpha: 32, enableLora: [true, false, true] })
 * lora.injectLora(model, { targets: { q_proj: { r: 16 }, v_proj: {} }, exclude: /^layers\.0\./, r: 8, loraAlpha: 16 })
 * lora.markOnlyLoraAsTrainable(model)
 * @returns the paths of the layers replaced, in the model's order.
 * @throws {OptionError} when a target fits no layer or an exclude leaves out none (near names are given), when a string names a module that
 * cannot be adapted or is adapted already, or when an option is not usable; the model is then unchanged.
 */
export declare function injectLora(model: Module, options: InjectOptions): string[]
