// Generated from src/lora/state-dict.ts by `npm run api`. Do not edit.

import type { Module } from '../nn/module.js'
import type { Tensor } from '../tensor/tensor.js'
import type { BiasMode } from './trainable.js'
/**
 * The adapter alone: `lora_A` and `lora_B` of every LoRA layer, and the biases that `bias` names, in the order of the state dict.
 *
 * What {@link markOnlyLoraAsTrainable} trains with the same `bias` is exactly what this returns. The tensors are the live parameters and
 * not copies; `save` takes its snapshot when called. Merging has no influence.
 *
 * @example
 * await lora.save(lora.loraStateDict(model), 'adapter.safetensors')
 * model.loadStateDict(await lora.load('adapter.safetensors'), { strict: false })
 * @throws {OptionError} for another `bias`.
 * @see loralib `lora_state_dict`
 */
export declare function loraStateDict(model: Module, bias?: BiasMode): Record<string, Tensor>
