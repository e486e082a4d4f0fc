// Generated from src/lora/state-dict.ts by `npm run api`. Do not edit.

import type { Module, StateDict } from '../nn/module.js'
import type { Tensor } from '../tensor/tensor.js'
import type { BiasMode } from './trainable.js'
/**
 * The adapter alone: `lora_A` and `lora_B` of every LoRA layer, and the biases that `bias` selects, in the order of the state dict.
 *
 * It returns exactly the tensors that {@link markOnlyLoraAsTrainable} makes trainable with the same `bias`: the model's own parameters, not
 * copies. `save` takes a snapshot when called. Merging makes no difference.
 *
 * The dict also says what adapter it is: `save` keeps the layers with their rank, alpha and blocks in the metadata of the file. `loadStateDict`
 * compares them with those of the model, and {@link loadAdapter} builds the layers from them. A copy (`{ ...dict }`) says nothing, and is not compared.
 *
 * @example
 * await lora.save(lora.loraStateDict(model), 'adapter.safetensors')
 * await lora.loadAdapter(fresh, 'adapter.safetensors')
 * @throws {OptionError} for an unknown `bias`.
 * @see loralib `lora_state_dict`
 */
export declare function loraStateDict(model: Module, bias?: BiasMode): Record<string, Tensor>
/**
 * A state dict of `model`, whole or of the adapter alone, under the keys of loralib 0.1.2, so that `load_state_dict` there takes it: convolutions keep `weight` and
 * `bias` in a module of their own (`conv.weight`). All other keys are the same in both, and `loadStateDict` reads either form.
 *
 * @example
 * await lora.save(lora.loralibStateDict(model, model.stateDict()), 'for-python.safetensors')
 * await lora.save(lora.loralibStateDict(model, lora.loraStateDict(model, 'all')), 'adapter.safetensors')
 */
export declare function loralibStateDict(model: Module, dict?: StateDict): StateDict
