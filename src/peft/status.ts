// What a model's adapters are at the moment, as PEFT reports it.
import { isLoraLayer } from '../lora/lora-layer.js'
import type { Module } from '../nn/module.js'
import type { Tensor } from '../tensor/tensor.js'
import { adaptersOf, ownParameters, parts } from './apply.js'
import { TiedTokenRows } from './saved-module.js'

/** Of one layer. The names are those of PEFT's `TunerLayerStatus`. */
export interface LayerStatus {
  /** The path of the layer. */
  name: string
  /** Its class, e.g. `lora.Linear`. */
  moduleType: string
  /** Whether adapters act at all: false inside of `disableAdapter`. */
  enabled: boolean
  /** The adapters that act in calls of the model object. */
  activeAdapters: readonly string[]
  /** Those in the merged weight. */
  mergedAdapters: readonly string[]
  /** Whether the parameters of each train; `'irregular'` when some do and some do not. */
  requiresGrad: Record<string, boolean | 'irregular'>
  /** All adapters of the layer. */
  availableAdapters: readonly string[]
  /** Where the tensors of each are. */
  devices: Record<string, string[]>
}

/** Of the whole model. The names are those of PEFT's `TunerModelStatus`; `'irregular'` where its layers differ. */
export interface ModelStatus {
  baseModelType: string
  adapterModelType: 'LoraModel'
  peftTypes: Record<string, 'LORA'>
  trainableParams: number
  totalParams: number
  numAdapterLayers: number
  enabled: boolean
  activeAdapters: readonly string[]
  mergedAdapters: readonly string[] | 'irregular'
  requiresGrad: Record<string, boolean | 'irregular'>
  availableAdapters: readonly string[]
  devices: Record<string, string[]>
  /** Layer by layer. */
  layers: LayerStatus[]
}

/** Reads the status of a model with adapters. */
export function statusOf(
  model: Module,
  names: readonly string[],
  active: readonly string[],
  enabled: boolean,
): ModelStatus {
  const found = [...parts(model)].filter(([, part]) => !(part instanceof TiedTokenRows))
  const layers = found.map(([name, part]): LayerStatus => {
    const own = adaptersOf(part)
    const tensors = new Map(own.map((adapter) => [adapter, ownParameters(part, adapter)]))
    return {
      name,
      moduleType: `${isLoraLayer(part) ? 'lora' : 'peft'}.${part.constructor.name}`,
      enabled,
      activeAdapters: active,
      mergedAdapters: isLoraLayer(part) ? part.mergedAdapters : [],
      requiresGrad: Object.fromEntries([...tensors].map(([adapter, all]) => [adapter, trains(all)])),
      availableAdapters: [...own].sort(),
      devices: Object.fromEntries([...tensors].map(([adapter, all]) => [adapter, devicesOf(all)])),
    }
  })
  const all = new Map(names.map((name) => [name, found.flatMap(([, part]) => ownParameters(part, name))]))
  const count = (tensors: readonly Tensor[]) => tensors.reduce((sum, { numel }) => sum + numel, 0)
  const parameters = model.parameters()
  return {
    baseModelType: model.constructor.name,
    adapterModelType: 'LoraModel',
    peftTypes: Object.fromEntries(names.map((name) => [name, 'LORA'])),
    trainableParams: count(parameters.filter(({ requiresGrad }) => requiresGrad)),
    totalParams: count(parameters),
    numAdapterLayers: layers.length,
    enabled,
    activeAdapters: active,
    mergedAdapters: mergedOf(layers.filter((_, i) => isLoraLayer(found[i]![1]))),
    requiresGrad: Object.fromEntries([...all].map(([name, tensors]) => [name, trains(tensors)])),
    availableAdapters: [...names].sort(),
    devices: Object.fromEntries([...all].map(([name, tensors]) => [name, devicesOf(tensors)])),
    layers,
  }
}

/** An adapter that is merged in one layer has to be in all that have it. */
function mergedOf(layers: readonly LayerStatus[]): readonly string[] | 'irregular' {
  const merged = new Set(layers.flatMap((layer) => layer.mergedAdapters))
  const isOdd = layers.some(({ availableAdapters, mergedAdapters }) =>
    availableAdapters.some((name) => merged.has(name) && !mergedAdapters.includes(name)),
  )
  return isOdd ? 'irregular' : [...merged].sort()
}

function trains(tensors: readonly Tensor[]): boolean | 'irregular' {
  const on = tensors.filter(({ requiresGrad }) => requiresGrad).length
  return on === 0 ? false : on === tensors.length ? true : 'irregular'
}

const devicesOf = (tensors: readonly Tensor[]): string[] => [...new Set(tensors.map(({ device }) => device))].sort()
