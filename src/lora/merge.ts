import { UnsupportedError } from '../errors.js'
import { Embedding as PlainEmbedding } from '../nn/embedding.js'
import { Linear as PlainLinear, TransposedLinear } from '../nn/linear.js'
import type { Module } from '../nn/module.js'
import { noGrad, keep } from '../scope.js'
import type { Tensor } from '../tensor.js'
import { Embedding } from './embedding.js'
import { Linear } from './linear.js'
import { isLoraLayer } from './lora-layer.js'
import type { LoraLayer } from './lora-layer.js'
import { MergedLinear } from './merged-linear.js'
import { replaceModules } from './replace.js'

/** Merges every LoRA layer of the model, whatever its `mergeWeights` says. */
export function mergeAll(model: Module): void {
  for (const module of model.modules()) if (isLoraLayer(module)) module.merge()
}

/** Unmerges every LoRA layer of the model. */
export function unmergeAll(model: Module): void {
  for (const module of model.modules()) if (isLoraLayer(module)) module.unmerge()
}

/**
 * Replaces every LoRA layer inside the model by a plain layer that holds the merged weight, and forgets the factors.
 *
 * The result needs no more memory than the base model and cannot be unmerged. A layer of rank 0 keeps its weight.
 * @returns the paths of the layers replaced.
 */
export function mergeAndUnload(model: Module): string[] {
  const replaced: string[] = []
  const plain = new Map<Module, Module>()
  for (const [path, module] of model.namedModules()) {
    if (!isLoraLayer(module) || path === '') continue
    plain.set(module, plainLayer(module).train(module.training))
    replaced.push(path)
  }
  replaceModules(model, plain)
  return replaced
}

function plainLayer(layer: LoraLayer): Module {
  const weight = mergedWeight(layer)
  if (layer instanceof Linear || layer instanceof MergedLinear) {
    const Plain = layer.fanInFanOut ? TransposedLinear : PlainLinear
    return frozenAs(layer, new Plain(layer.inFeatures, layer.outFeatures, { weight, bias: layer.bias ?? false }))
  }
  if (layer instanceof Embedding) {
    const { numEmbeddings, embeddingDim, paddingIdx, scaleGradByFreq } = layer
    return frozenAs(layer, new PlainEmbedding(numEmbeddings, embeddingDim, { weight, paddingIdx, scaleGradByFreq }))
  }
  throw new UnsupportedError({
    what: `lora.mergeAndUnload: ${layer.constructor.name} has no plain twin`,
    expected: 'lora.Linear, lora.MergedLinear or lora.Embedding',
    received: layer.constructor.name,
    fix: 'use mergeAll(model), which keeps the layer',
  })
}

function frozenAs<T extends Module & { weight: Tensor }>(layer: LoraLayer, plain: T): T {
  plain.weight.requiresGrad = layer.baseWeight.requiresGrad
  return plain
}

// A merged weight shown to the outside is left alone by unmerge().
function mergedWeight(layer: LoraLayer): Tensor {
  const { merged } = layer
  const weight = noGrad(() => keep(layer.merge().weight))
  if (!merged) layer.unmerge()
  return weight
}
