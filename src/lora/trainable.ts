import type { Module } from '../nn/module.js'
import { checkChoice } from '../runtime/options.js'
import type { Tensor } from '../tensor/tensor.js'
import { isAdapter } from './adapter.js'
import { NamedAdapter } from './named-adapter.js'

// `in_proj_bias` is the fused bias of a multi-head attention.
const BIAS_NAMES = new Set(['bias', 'in_proj_bias'])

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
export function markOnlyLoraAsTrainable(model: Module, bias: BiasMode = 'none'): void {
  checkBias('lora.markOnlyLoraAsTrainable', bias)
  const parameters = new Set<Tensor>()
  const trainable = new Set<Tensor>()
  for (const [name, tensor, kind, owner] of model.namedTensors()) {
    if (kind !== 'parameter') continue
    parameters.add(tensor)
    if (isOfAdapter(name, tensor, owner, bias)) trainable.add(tensor)
  }
  for (const tensor of parameters) tensor.requiresGrad = trainable.has(tensor)
}

/** The tensors of the adapter by their state-dict keys, in state-dict order. */
export function adapterTensors(model: Module, bias: BiasMode): Map<string, Tensor> {
  const found = new Map<string, Tensor>()
  for (const [name, tensor, kind, owner] of model.namedTensors()) {
    if (kind === 'parameter' && isOfAdapter(name, tensor, owner, bias)) found.set(name, tensor)
  }
  return found
}

function isOfAdapter(name: string, parameter: Tensor, owner: Module, bias: BiasMode): boolean {
  if (owner instanceof NamedAdapter || (isAdapter(owner) && owner.isFactor(parameter))) return true
  const isBias = BIAS_NAMES.has(name.slice(name.lastIndexOf('.') + 1))
  return isBias && (bias === 'all' || (bias === 'lora_only' && isAdapter(owner)))
}

/** Checks a bias mode. @throws {OptionError} for an unknown one, suggesting a similar name. */
export function checkBias(owner: string, bias: BiasMode): BiasMode {
  return checkChoice(owner, 'bias', bias, ['none', 'all', 'lora_only'])
}
