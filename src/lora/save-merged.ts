import { OptionError } from '../errors.js'
import { saveShards, sizeInBytes } from '../io/shards.js'
import type { Module, StateDict } from '../nn/module.js'
import { checkOptions } from '../runtime/check-options.js'
import type { FloatDtype } from '../runtime/options.js'
import { schemas } from '../runtime/tables.js'
import { keep, noGrad } from '../tensor/scope.js'
import type { Tensor } from '../tensor/tensor.js'
import { isAdapter } from './adapter.js'
import { NamedAdapter } from './named-adapter.js'
import { TiedLinear } from './tied.js'

/** Options of {@link saveMerged}. */
export interface SaveMergedOptions {
  /** Convert floating-point tensors to this dtype. @default each tensor's own */
  dtype?: FloatDtype
  /** String entries for the metadata in the file's header. @default only `format: 'pt'` */
  metadata?: Record<string, string>
  /**
   * Allow a tied weight to be written with different values under its keys, because only some of the layers have the update. The file then suits a
   * model that does not tie them.
   * @default false: it is an error
   */
  breakTies?: boolean
  /**
   * The most bytes of a file, as a number or a text such as `'5GB'`: larger weights are cut into shards, `NAME-00001-of-00003.safetensors` and so on with
   * `NAME.safetensors.index.json`. @default '50GB'
   */
  maxShardSize?: number | string
}

/**
 * The state dict of the equivalent plain model: merged weights under the plain keys, no factors. The model, merged or not, is not changed.
 * Merged weights are new tensors; all others are the model's own parameters and buffers.
 *
 * A head that is tied to an adapted embedding but keeps the base weight is listed with that weight: the two keys then differ, and a plain model
 * that ties them cannot hold both. Inject with `includeTied` to keep them tied.
 */
export function mergedStateDict(model: Module): StateDict {
  const kept = model.stateDict()
  const plain: StateDict = {}
  for (const [name, tensor, , owner, key] of model.namedTensors()) {
    if (!(name in kept) || owner instanceof NamedAdapter) continue
    const plainValue = isAdapter(owner) ? owner.plainTensor(key, tensor) : tensor
    if (plainValue !== null) plain[name] = plainValue
  }
  return plain
}

/**
 * Writes the equivalent plain model to a safetensors file: merged weights under the plain keys, no factors, so that any program that reads the
 * base model can read it. The model is not changed, and the file is written atomically.
 *
 * While writing, it needs memory for one copy of the adapted weights.
 * @example
 * await lora.saveMerged(model, 'merged.safetensors', { dtype: 'bf16' })
 * @throws {OptionError} when only some of the layers that share a weight have the update: a model that ties them would lose it silently.
 * @throws {FileError} when the file cannot be written.
 */
export async function saveMerged(model: Module, path: string, options: SaveMergedOptions = {}): Promise<void> {
  checkOptions('lora.saveMerged', options, schemas.SaveMergedOptions)
  const dtype = options.dtype
  const maxBytes = sizeInBytes('lora.saveMerged', 'maxShardSize', options.maxShardSize)
  const breakTies = options.breakTies ?? false
  const broken = brokenTie(model)
  if (broken && !breakTies) throw untied(broken)
  const live = new Set(Object.values(model.stateDict()))
  const merged = mergedStateDict(model)
  const entries = Object.entries(merged).map(([name, tensor]) => [name, converted(tensor, dtype)] as const)
  try {
    await saveShards(path, Object.fromEntries(entries), { maxBytes, metadata: options.metadata ?? {} })
  } finally {
    const made = [...entries.map(([, tensor]) => tensor), ...Object.values(merged)]
    for (const tensor of made) if (!live.has(tensor)) tensor.dispose()
  }
}

/** The names of a weight that several layers share, not all of which have the same update. */
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
    what: 'lora.saveMerged: merging breaks a tie, and a model that ties the weights would compute something else',
    expected: 'the same update for every layer that shares a weight',
    received: `one tensor under ${names.join(', ')}, with different updates`,
    fix: 'inject with includeTied: true, or pass breakTies: true and load the file into a model that does not tie them',
  })
}

function converted(tensor: Tensor, dtype: FloatDtype | undefined): Tensor {
  const isFloat = tensor.dtype !== 'i64' && tensor.dtype !== 'u8' && tensor.dtype !== 'bool'
  return dtype === undefined || !isFloat ? tensor : noGrad(() => keep(tensor.to(dtype)))
}
