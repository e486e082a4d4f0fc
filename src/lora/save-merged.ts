import { OptionError } from '../errors.js'
import { save } from '../io/safetensors.js'
import type { Module, StateDict } from '../nn/module.js'
import { checkOptions } from '../runtime/check-options.js'
import * as schemas from '../generated/options.js'
import type { FloatDtype } from '../runtime/options.js'
import { keep, noGrad } from '../tensor/scope.js'
import type { Tensor } from '../tensor/tensor.js'
import { isAdapter } from './adapter.js'
import { TiedLinear } from './tied.js'

/** Options of {@link saveMerged}. */
export interface SaveMergedOptions {
  /** Convert floating tensors to this element type. @default each tensor's own */
  dtype?: FloatDtype
  /** Strings for the header of the file. @default only `format: 'pt'` */
  metadata?: Record<string, string>
  /**
   * Write a tied weight under each of its keys although only one of them has the update, for a model that does not tie them.
   * @default false: it is an error
   */
  breakTies?: boolean
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
  for (const [name, tensor, , owner, key] of model.namedTensors()) {
    if (!(name in kept)) continue
    const stands = isAdapter(owner) ? owner.plainTensor(key, tensor) : tensor
    if (stands !== null) plain[name] = stands
  }
  return plain
}

/**
 * Writes the plain model that this one computes to a safetensors file: merged weights under the plain keys, no factors, so that every reader of
 * the base model takes it. The model stays as it is; the file appears whole or not at all.
 *
 * While it writes, it holds one copy of the adapted weights.
 * @example
 * await lora.saveMerged(model, 'merged.safetensors', { dtype: 'bf16' })
 * @throws {OptionError} when a tied weight has the update under one of its keys only, which a model that ties them would lose without a word.
 * @throws {FileError} when it cannot be written.
 */
export async function saveMerged(model: Module, path: string, options: SaveMergedOptions = {}): Promise<void> {
  checkOptions('lora.saveMerged', options, schemas.SaveMergedOptions)
  const dtype = options.dtype
  const breakTies = options.breakTies ?? false
  const broken = brokenTie(model)
  if (broken && !breakTies) throw untied(broken)
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

/** The names of a weight that stands in several layers, not all of which have the same update. */
function brokenTie(model: Module): string[] | undefined {
  const ties = new Map<Tensor, { names: string[]; updates: Set<Module | null> }>()
  for (const [name, tensor, , owner] of model.namedTensors()) {
    const tie = ties.get(tensor) ?? { names: [], updates: new Set() }
    ties.set(tensor, tie)
    tie.names.push(name)
    const adapted = isAdapter(owner) && owner.isAdapted(tensor)
    tie.updates.add(adapted ? (owner instanceof TiedLinear ? owner.source : owner) : null)
  }
  return [...ties.values()].find(({ updates }) => updates.size > 1)?.names
}

function untied(names: readonly string[]): OptionError {
  return new OptionError({
    what: 'lora.saveMerged: merging breaks a tie, and a model that ties the weights again would be another model',
    expected: 'the same update for every layer that shares a weight',
    received: `one tensor under ${names.join(', ')}, with different updates`,
    fix: 'inject with includeTied: true, or pass breakTies: true and load the file into a model that does not tie them',
  })
}

function converted(tensor: Tensor, dtype: FloatDtype | undefined): Tensor {
  const isFloat = tensor.dtype !== 'i64' && tensor.dtype !== 'u8' && tensor.dtype !== 'bool'
  return dtype === undefined || !isFloat ? tensor : noGrad(() => keep(tensor.to(dtype)))
}
