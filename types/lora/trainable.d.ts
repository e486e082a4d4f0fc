// Generated from src/lora/trainable.ts by `npm run api`. Do not edit.

import type { Module } from '../nn/module.js'
/** Which biases count as part of the adapter: none, every parameter named `bias`, or those of LoRA layers. */
export type BiasMode = 'none' | 'all' | 'lora_only'
/**
 * Makes the factors of every LoRA layer trainable and freezes everything else.
 *
 * It goes by what a parameter is, not by its name: a plain layer called `lora_proj` is frozen, a layer inside a block called `lora_x` is
 * treated like any other, and buffers are left alone. `bias` adds biases: `'all'` every parameter whose own name is `bias` (in an
 * attention also `in_proj_bias`), `'lora_only'` those of LoRA layers. A model frozen by hand gets its factors back.
 *
 * @example
 * lora.markOnlyLoraAsTrainable(model, 'lora_only')
 * const optimizer = new optim.AdamW(model.parameters().filter((p) => p.requiresGrad), { lr: 2e-4 })
 * @throws {OptionError} for another `bias`, before anything is changed.
 * @see loralib `mark_only_lora_as_trainable`
 */
export declare function markOnlyLoraAsTrainable(model: Module, bias?: BiasMode): void
