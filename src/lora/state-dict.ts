import type { Module, StateDict } from '../nn/module.js'
import type { Tensor } from '../tensor/tensor.js'
import { noteAdapter } from './adapter-note.js'
import { adapterTensors, checkBias } from './trainable.js'
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
export function loraStateDict(model: Module, bias: BiasMode = 'none'): Record<string, Tensor> {
  checkBias('lora.loraStateDict', bias)
  return noteAdapter(model, Object.fromEntries(adapterTensors(model, bias)))
}

/**
 * A state dict of `model`, whole or of the adapter alone, under the keys of loralib 0.1.2, so that `load_state_dict` there takes it: convolutions keep `weight` and
 * `bias` in a module of their own (`conv.weight`). All other keys are the same in both, and `loadStateDict` reads either form.
 *
 * @example
 * await lora.save(lora.loralibStateDict(model, model.stateDict()), 'for-python.safetensors')
 * await lora.save(lora.loralibStateDict(model, lora.loraStateDict(model, 'all')), 'adapter.safetensors')
 */
export function loralibStateDict(model: Module, dict?: StateDict): StateDict {
  const renamed = new Map<string, string>()
  for (const [name, , , owner, key] of model.namedTensors()) {
    const alias = Object.entries(owner.keyAliases()).find(([, own]) => own === key)
    if (alias !== undefined) renamed.set(name, name.slice(0, name.length - key.length) + alias[0])
  }
  return Object.fromEntries(
    Object.entries(dict ?? model.stateDict()).map(([name, tensor]) => [renamed.get(name) ?? name, tensor]),
  )
}
