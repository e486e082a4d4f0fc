// The adapter of another task, as a beginning: what fits is taken, and what does not is told.
import { KeyError } from '../errors.js'
import { load } from '../io/load.js'
import { adapterModules } from '../lora/adapter.js'
import { adapterTensors } from '../lora/trainable.js'
import { findStateDict } from '../nn/find-state-dict.js'
import type { Module, StateDict } from '../nn/module.js'
import { checkTensors } from '../tensor/named-tensors.js'
import { adaptersOf } from './inject.js'
import { headNames } from './train-only.js'

/** What came of a file. */
export interface AdapterReport {
  /** Names of the tensors that were taken. */
  loaded: string[]
  /** Tensors of the head that have another shape here, as of a task with other labels: they stay as they were. */
  misshapen: string[]
  /** Names in the file that the model lacks. */
  unexpected: string[]
  /** Low-rank factors and adapters of the model that the file lacks: they stay as they were. */
  missing: string[]
}

/**
 * Begins with what another task has learned: the low-rank factors, adapters, biases and head in a file, by their names. It is read as it is, a file of
 * `torch.save` too; those of the original name `roberta.encoder.layer.0.attention.self.query.lora_A` and `classifier.out_proj.weight`.
 *
 * As `strict=False` it takes what fits, but it says what it left out, with one warning; and it refuses what cannot be meant: a file of which nothing fits, or
 * one with factors of another rank.
 * @throws {KeyError} for such a file; the model is then unchanged.
 */
export async function startFrom(model: Module, path: string): Promise<AdapterReport> {
  const own = model.stateDict()
  const dict = findStateDict(await load(path), (key) => key in own)
  checkTensors(path, dict)
  try {
    const report = takeOver(model, dict, path)
    const left = [...report.misshapen, ...report.unexpected, ...report.missing]
    if (left.length > 0) warn(path, report)
    return report
  } finally {
    for (const tensor of Object.values(dict)) tensor.dispose()
  }
}

/** As {@link startFrom}, of tensors; `source` names them in errors. */
export function takeOver(model: Module, dict: StateDict, source: string): AdapterReport {
  const own = model.stateDict()
  const adapted = adaptedNames(model)
  const head = new Set(headNames(model))
  const fits = (name: string) => own[name]?.shape.join() === dict[name]!.shape.join()
  const names = Object.keys(dict)
  const loaded = names.filter(fits)
  const misshapen = names.filter((name) => name in own && !fits(name))
  const unexpected = names.filter((name) => !(name in own))
  const missing = adapted.filter((name) => !(name in dict))
  const refused = misshapen.filter((name) => !head.has(name))
  if (refused.length > 0) throw otherSizes(source, refused, own, dict)
  if (loaded.length === 0 || (adapted.length > 0 && missing.length === adapted.length))
    throw nothingFits(source, names, adapted)
  model.loadStateDict(Object.fromEntries(loaded.map((name) => [name, dict[name]!])), { strict: false })
  return { loaded, misshapen, unexpected, missing }
}

function adaptedNames(model: Module): string[] {
  const factors = [...adapterModules(model)].length > 0 ? [...adapterTensors(model, 'none').keys()] : []
  const bottlenecks = [...adaptersOf(model).entries()].flatMap(([path, adapter]) =>
    Object.keys(adapter.stateDict()).map((name) => `${path}.${name}`),
  )
  return [...factors, ...bottlenecks]
}

function some(names: readonly string[]): string {
  return names.slice(0, 4).join(', ') + (names.length > 4 ? `, … (${names.length})` : '')
}

function warn(path: string, { loaded, misshapen, unexpected, missing }: AdapterReport): void {
  const parts = [
    misshapen.length > 0 && `of another shape, so they start fresh: ${some(misshapen)}`,
    unexpected.length > 0 && `unknown to the model: ${some(unexpected)}`,
    missing.length > 0 && `not in the file, so they stay as they were: ${some(missing)}`,
  ]
  const text = `${path}: ${loaded.length} tensors taken; ${parts.filter(Boolean).join('; ')}`
  process.emitWarning(text, { type: 'LoraWarning', code: 'LORA_PARTLY_LOADED' })
}

function otherSizes(source: string, names: readonly string[], own: StateDict, dict: StateDict): KeyError {
  const [name] = names as [string]
  const shape = (tensors: StateDict) => `(${tensors[name]!.shape.join(', ')})`
  return new KeyError({
    what: `${source}: ${names.length} tensors have other sizes than the model`,
    expected: `${name} ${shape(own)}`,
    received: shape(dict),
    fix: /lora_[AB]$/.test(name) ? 'inject LoRA with the rank of the file' : 'build the model as in that run',
  })
}

function nothingFits(source: string, names: readonly string[], adapted: readonly string[]): KeyError {
  return new KeyError({
    what: `${source}: none of its tensors belongs to an adapter of this model`,
    expected: adapted.length > 0 ? some(adapted) : 'names of the model',
    received: some(names),
    fix:
      adapted.length > 0
        ? 'inject LoRA or adapters at the places of the file'
        : 'call injectLora or injectAdapters first',
  })
}
