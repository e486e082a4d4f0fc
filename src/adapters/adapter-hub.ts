// Adapters of AdapterHub: a folder with adapter_config.json, the weights and, optionally, a head.
import { access, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { FileError, FormatError, KeyError, UnsupportedError } from '../errors.js'
import { load } from '../io/load.js'
import { findStateDict } from '../nn/find-state-dict.js'
import type { Module, StateDict } from '../nn/module.js'
import { show } from '../runtime/options.js'
import { adaptersOf, injectAdapters } from './inject.js'
import type { AdapterType } from './inject.js'
import { takeOver } from './start-from.js'
import type { AdapterReport } from './start-from.js'

/**
 * Loads an adapter of AdapterHub into a model; a model without adapters gets adapters of the file's type and size first. Of a head, the layers of RoBERTa's are
 * loaded: `heads.NAME.1` is `classifier.dense`, `heads.NAME.4` is `classifier.out_proj`.
 * @example
 * await adapters.loadAdapterHub(model, 'roberta-base-pf-mnli')
 * adapters.trainOnly(model, ['adapters', 'head'])
 * @returns what was loaded; a head for other labels is not.
 * @throws {UnsupportedError} for kinds of adapters that are not supported.
 * @throws {KeyError} when an adapter of the model is not in the file, or one of the file not in the model.
 */
export async function loadAdapterHub(model: Module, dir: string): Promise<AdapterReport> {
  const { type, activation } = readKind(dir, await readJson(join(dir, 'adapter_config.json')))
  const weights = await readWeights(dir, ['adapter.safetensors', 'pytorch_adapter.bin'])
  if (weights === null) throw noWeights(dir)
  const head = await readWeights(dir, ['model_head.safetensors', 'pytorch_model_head.bin'])
  try {
    const ours = renamed(weights, (name) => adapterName(name))
    const down = Object.entries(ours).find(([name]) => name.endsWith('.adapter_A.weight'))
    if (down === undefined) throw noAdapter(dir, Object.keys(weights))
    if (adaptersOf(model).size === 0) injectAdapters(model, { type, size: down[1].shape[0]!, activation })
    const own = model.stateDict()
    const missing = Object.keys(own).filter((name) => /\.adapter\.adapter_[AB]\./.test(name) && !(name in ours))
    const unexpected = Object.keys(ours).filter((name) => !(name in own))
    if (missing.length + unexpected.length > 0) throw unfit(dir, missing, unexpected)
    return takeOver(model, { ...ours, ...renamed(head ?? {}, headName) }, dir)
  } finally {
    for (const tensor of [...Object.values(weights), ...Object.values(head ?? {})]) tensor.dispose()
  }
}

/** The parameter name of a tensor in a file, for files of all releases of AdapterHub's library. */
export function adapterName(name: string): string {
  const at = /^(.*?)\.(?:(?:attention|output)_adapters\.)?(?:adapters|(?:attention|layer)_text_(?:task|lang)_adapters)\..+\.adapter_(down\.0|up)\.(weight|bias)$/.exec(name) // prettier-ignore
  return at === null ? name : `${at[1]}.adapter.adapter_${at[2] === 'up' ? 'B' : 'A'}.${at[3]}`
}

function headName(name: string): string {
  const at = /^heads\..+\.([14])\.(weight|bias)$/.exec(name)
  return at === null ? name : `classifier.${at[1] === '1' ? 'dense' : 'out_proj'}.${at[2]}`
}

function renamed(dict: StateDict, rename: (name: string) => string): StateDict {
  return Object.fromEntries(Object.entries(dict).map(([name, tensor]) => [rename(name), tensor]))
}

/** Which of the two types a configuration describes. */
function readKind(dir: string, file: Record<string, unknown>): { type: AdapterType; activation: 'relu' | 'swish' } {
  const config = (file['config'] ?? file) as Record<string, unknown>
  const is = (field: string) => config[field] === true
  const activation = String(config['non_linearity'] ?? 'relu')
  const isHoulsby = is('mh_adapter') && is('output_adapter') && !is('original_ln_before')
  const isPfeiffer = !is('mh_adapter') && is('output_adapter') && is('original_ln_before')
  const wrong = [
    'ln_before',
    'ln_after',
    'adapter_residual_before_ln',
    'is_parallel',
    'phm_layer',
    'use_gating',
  ].filter(is)
  const plain =
    wrong.length === 0 && !config['inv_adapter'] && !config['invertible_adapter'] && (config['scaling'] ?? 1) === 1
  const known = activation === 'relu' || activation === 'swish' || activation === 'silu'
  if (plain && known && (isHoulsby || isPfeiffer) && config['residual_before_ln'] !== false)
    return { type: isHoulsby ? 'houlsby' : 'pfeiffer', activation: activation === 'relu' ? 'relu' : 'swish' }
  throw new UnsupportedError({
    what: `${dir}: adapters of this kind are not supported`,
    expected: 'the configuration "houlsby" or "pfeiffer" with relu or swish, without further parts',
    received: JSON.stringify(config).slice(0, 300),
    fix: 'use an adapter of one of these two kinds',
  })
}

async function readJson(path: string): Promise<Record<string, unknown>> {
  const text = await readFile(path, 'utf8').catch((cause: Error) => {
    const fix = 'pass the folder of an adapter, unpacked'
    throw new FileError({ what: `${path} cannot be read`, expected: 'a file', received: cause.message, fix, cause })
  })
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
    throw new Error(show(value))
  } catch (cause) {
    const fix = 'download the adapter again'
    const received = (cause as Error).message
    throw new FormatError({ what: `${path} is not usable`, expected: 'a JSON object', received, fix, cause })
  }
}

async function readWeights(dir: string, names: readonly string[]): Promise<StateDict | null> {
  for (const name of names) {
    const path = join(dir, name)
    const isThere = await access(path).then(
      () => true,
      () => false,
    )
    if (isThere) return findStateDict(await load(path), () => false)
  }
  return null
}

function noWeights(dir: string): FileError {
  const expected = 'adapter.safetensors or pytorch_adapter.bin'
  const fix = 'download the whole folder of the adapter'
  return new FileError({ what: `${dir}: there are no weights`, expected, received: 'neither', fix })
}

function noAdapter(dir: string, names: readonly string[]): KeyError {
  return new KeyError({
    what: `${dir}: the weights contain no bottleneck adapter`,
    expected: 'names such as roberta.encoder.layer.0.output.adapters.NAME.adapter_down.0.weight',
    received: names.slice(0, 3).join(', '),
    fix: 'use an adapter of the kinds "houlsby" or "pfeiffer"',
  })
}

function unfit(dir: string, missing: readonly string[], unexpected: readonly string[]): KeyError {
  const list = (names: readonly string[]) => `${names.length}${names.length > 0 ? ` (${names[0]}, …)` : ''}`
  return new KeyError({
    what: `${dir}: the adapter does not fit the model`,
    expected: 'each adapter of the model in the file, and no other',
    received: `${list(missing)} missing, ${list(unexpected)} unexpected`,
    fix: 'use the base model that the adapter was trained on, without adapters of another type',
  })
}
