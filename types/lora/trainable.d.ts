// Generated from src/lora/trainable.ts by `npm run api`. Do not edit.

import type { Module } from '../nn/module.js'
/** Which biases belong to the adapter: none, all parameters named `bias`, or those of LoRA layers. */
export type BiasMode = 'none' | 'all' | 'lora_only'
/**
 * Makes the factors of every LoRA layer trainable and freezes everything else.
 *
 * The decision depends on the layer that owns a parameter, not on its name: a plain layer called `lora_proj` is frozen, a layer inside a block
 * called `lora_x` is treated like any other, and buffers are not changed. `bias` selects biases to train as well: `'all'` every parameter whose
 * own name is `bias` (in an attention also `in_proj_bias`), `'lora_only'` those of LoRA layers. Factors that were frozen become trainable.
 *
 * @example
 * lora.markOnlyLoraAsTrainable(model, 'lora_only')
 * const optimizer = new optim.AdamW(model.parameters().filter((p) => p.requiresGrad), { lr: 2e-4 })
 * @throws {OptionError} for an unknown `bias`; nothing is changed then.
 * @see loralib `mark_only_lora_as_trainable`
 */
export declare function markOnlyLoraAsTrainable(model: Module, bias?: BiasMode): void
