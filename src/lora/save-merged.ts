import { save } from '../io/safetensors.js'
import type { Module, StateDict } from '../nn/module.js'
import { checkFloatDtype, checkKeys } from '../nn/options.js'
import type { FloatDtype } from '../nn/options.js'
import { keep, noGrad } from '../scope.js'
import type { Tensor } from '../tensor.js'
import { isAdapter } from './adapter.js'

/** Options of {@link saveMerged}. */
export interface SaveMergedOptions {
  /** Convert floating tensors to this element type. @default each tensor's own */
  dtype?: FloatDtype
  /** Strings for the header of the file. @default only `format: 'pt'` */
  metadata?: Record<string, string>
}

/**
 * The state dict of the plain model that computes what this one does: merged weights under the plain keys, no factors. The model, merged or
 * not, stays as it is. Merged weights are new tensors; all others are the live parameters and buffers.
 *
 * A head that is tied to an adapted embedding, but stays on the base weight, is listed with that weight: the two keys then differ, and a
 * plain model that ties them again cannot hold both. Inject with `includeTied` when the tie must hold.
 */
export function mergedStateDict(model: Module): StateDict {
  const kept = model.stateDict()
  const plain: StateDict = {}
  for (const [name, tensor, , owner] of model.namedTensors()) {
    if (!(name in kept)) continue
    const key = name.slice(name.lastIndexOf('.') + 1)
    const stands = isAdapter(owner) ? owner.plainTensor(key, tensor) : tensor
    if (stands !== null) plain[name] = stands
  }
  return plain
}

/**
 * Writes the plain model that this one computes to a safetensors file: merged weights under the plain keys, no factors, so that every reader of
 * the base model takes it. The model stays as it is; the file appears whole or not at all. See {@link mergedStateDict} for tied weights.
 *
 * While it writes, it holds one copy of the adapted weights.
 * @example
 * await lora.saveMerged(model, 'merged.safetensors', { dtype: 'bf16' })
 * @throws {FileError} when it cannot be written.
 */
export async function saveMerged(model: Module, path: string, options: SaveMergedOptions = {}): Promise<void> {
  checkKeys('lora.saveMerged', options, ['dtype', 'metadata'])
  const dtype = options.dtype === undefined ? undefined : checkFloatDtype('lora.saveMerged', options.dtype)
  const live = new Set(Object.values(model.stateDict()))
  const merged = mergedStateDict(model)
  const entries = Object.entries(merged).map(([name, tensor]) => [name, converted(tensor, dtype)] as const)
  try {
    await save(Object.fromEntries(entries), path, { metadata: options.metadata ?? {} })
  } finally {
    const made = [...entries.map(([, tensor]) => tensor), ...Object.values(merged)]
    for (const tensor of made) if (!live.has(tensor)) tensor.dispose()
  }
}

function converted(tensor: Tensor, dtype: FloatDtype | undefined): Tensor {
  const isFloat = tensor.dtype !== 'i64' && tensor.dtype !== 'u8' && tensor.dtype !== 'bool'
  return dtype === undefined || !isFloat ? tensor : noGrad(() => keep(tensor.to(dtype)))
}
