// Starting from the adapter of another task: loads what fits and reports the rest.
import { KeyError } from '../errors.js'
import { load } from '../io/load.js'
import { adapterModules } from '../lora/adapter.js'
import { adapterTensors } from '../lora/trainable.js'
import { findStateDict } from '../nn/find-state-dict.js'
import type { Module, StateDict } from '../nn/module.js'
import { checkTensors } from '../tensor/named-tensors.js'
import { adaptersOf } from './inject.js'
import { headNames } from './train-only.js'

/** What was loaded from a file. */
export interface AdapterReport {
  /** Names of the tensors that were loaded. */
  loaded: string[]
  /** Tensors of the head with another shape, as for a task with other labels: they are left unchanged. */
  misshapen: string[]
  /** Names in the file that the model lacks. */
  unexpected: string[]
  /** Low-rank factors and adapters of the model that the file lacks: they are left unchanged. */
  missing: string[]
}

/**
 * Starts from the weights of another task: loads the low-rank factors, adapters, biases and head of a file, by their names. Files of `torch.save` are read, too;
 * those of the original name `roberta.encoder.layer.0.attention.self.query.lora_A` and `classifier.out_proj.weight`.
 *
 * As with `strict=False` it loads what fits, but one warning lists the rest, and it refuses a file of which nothing fits, or one with factors of another
 * rank.
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

/** As {@link startFrom}, from tensors; `source` names them in errors. */
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
    misshapen.length > 0 && `with another shape, so they are left unchanged: ${some(misshapen)}`,
    unexpected.length > 0 && `unknown to the model: ${some(unexpected)}`,
    missing.length > 0 && `not in the file, so they are left unchanged: ${some(missing)}`,
  ]
  const text = `${path}: ${loaded.length} tensors loaded; ${parts.filter(Boolean).join('; ')}`
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
        ? 'inject LoRA or adapters into the modules that the file names'
        : 'call injectLora or injectAdapters first',
  })
}
