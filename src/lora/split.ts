// Splits a fused layer into separate ones, and joins them.
import { OptionError } from '../errors.js'
import * as ops from '../generated/ops.js'
import { zeros } from '../tensor/make.js'
import { Dropout } from '../nn/dropout.js'
import { Linear as PlainLinear, TransposedLinear, wideDtype } from '../nn/linear.js'
import { parameter } from '../nn/module.js'
import { bad } from '../runtime/options.js'
import { keep, noGrad } from '../tensor/scope.js'
import type { Tensor } from '../tensor/tensor.js'
import { inMode } from './from-layer.js'
import { Linear } from './linear.js'
import type { DropoutLike } from './factors.js'
import { blockRanges } from './blocks.js'
import type { MergedLinear, MergedLinearOptions } from './merged-linear.js'

type Dense = Linear | PlainLinear | TransposedLinear

/** Implements {@link MergedLinear.split}. */
export function splitLinears(layer: MergedLinear): Linear[] {
  let [factors, row] = [0, 0] // first row of the block in lora_A and in lora_B
  return blockRanges(layer.blocks).map(([start, length], i) => {
    const weight = part(layer.baseWeight, layer.fanInFanOut ? 1 : 0, start, length)
    const bias = layer.bias ? part(layer.bias, 0, start, length) : false
    const r = layer.enableLora[i] ? layer.r : 0
    const { loraAlpha, mergeWeights, fanInFanOut } = layer
    const options = { r, loraAlpha, mergeWeights, fanInFanOut, weight, bias }
    const made = new Linear(layer.inFeatures, length, { ...options, loraDropout: rate(layer.loraDropout) })
    if (!(layer.loraDropout instanceof Dropout)) made.loraDropout = layer.loraDropout
    weight.requiresGrad = layer.baseWeight.requiresGrad
    if (r > 0 && layer.loraA && layer.loraB) {
      made.loraA = part(layer.loraA, 0, factors, r)
      made.loraB = part(layer.loraB, 0, row, length)
      ;[factors, row] = [factors + r, row + length]
    }
    inMode(made, layer)
    return layer.merged ? made.merge() : made
  })
}

/** Implements {@link MergedLinear.fromLinears}; `make` calls its constructor. */
export function joinLinears(
  layers: readonly Dense[],
  make: (inFeatures: number, outFeatures: number, options: MergedLinearOptions) => MergedLinear,
): MergedLinear {
  checkLinears(layers)
  const [first] = layers as [Dense]
  const adapted = layers.filter((layer): layer is Linear => layer instanceof Linear && layer.r > 0)
  const { r, loraAlpha, mergeWeights, loraDropout } = adapted[0] ?? {
    r: 0,
    loraAlpha: 1,
    mergeWeights: true,
    loraDropout: null,
  }
  const weights = layers.map(baseWeight)
  const fanInFanOut = isTransposed(first)
  const blocks = layers.map((layer) => layer.outFeatures)
  const fused = make(
    first.inFeatures,
    blocks.reduce((sum, size) => sum + size, 0),
    {
      r,
      loraAlpha,
      mergeWeights,
      fanInFanOut,
      blocks,
      loraDropout: rate(loraDropout),
      enableLora: layers.map((layer) => adapted.includes(layer as Linear)),
      weight: joined(weights, fanInFanOut ? 1 : 0),
      bias: joinedBias(layers) ?? false,
    },
  )
  if (adapted.length > 0) {
    fused.loraA = joined(
      adapted.map((layer) => layer.loraA!),
      0,
    )
    fused.loraB = joined(
      adapted.map((layer) => layer.loraB!),
      0,
    )
    if (loraDropout && !(loraDropout instanceof Dropout)) fused.loraDropout = loraDropout
  }
  fused.baseWeight.requiresGrad = weights.some((weight) => weight.requiresGrad)
  inMode(fused, first)
  return adapted.some((layer) => layer.merged) ? fused.merge() : fused
}

function checkLinears(layers: unknown): asserts layers is readonly Dense[] {
  const owner = 'lora.MergedLinear.fromLinears'
  const isDense = (layer: unknown) =>
    layer instanceof Linear || layer instanceof PlainLinear || layer instanceof TransposedLinear
  if (!Array.isArray(layers) || layers.length === 0 || !layers.every(isDense)) {
    throw bad(owner, 'layers', 'a list of lora.Linear and nn.Linear', layers)
  }
  const all = layers as Dense[]
  const adapted = all.filter((layer) => layer instanceof Linear && layer.r > 0) as Linear[]
  same('inFeatures', all, (layer) => layer.inFeatures)
  same('the layout of the weight', all, (layer) => (isTransposed(layer) ? '(in, out)' : '(out, in)'))
  same('the element type', all, (layer) => baseWeight(layer).dtype)
  same('r', adapted, (layer) => layer.r)
  same('scaling', adapted, (layer) => layer.scaling)
  same('loraDropout', adapted, (layer) =>
    layer.loraDropout instanceof Dropout ? layer.loraDropout.p : layer.loraDropout,
  )
  same('mergeWeights', adapted, (layer) => layer.mergeWeights)
  same('merged', adapted, (layer) => layer.merged)
}

function same<T>(what: string, layers: readonly T[], of: (layer: T) => unknown): void {
  const values = layers.map(of)
  if (new Set(values).size <= 1) return
  throw new OptionError({
    what: `lora.MergedLinear.fromLinears: ${what} differs between the layers`,
    expected: `one ${what} for all`,
    received: values.map((value) => (typeof value === 'object' ? 'a module' : String(value))).join(', '),
    fix: 'one fused layer has one input, one rank, one scaling and one dropout: keep the layers separate',
  })
}

function baseWeight(layer: Dense): Tensor {
  return layer instanceof Linear ? layer.baseWeight : layer.weight
}

function isTransposed(layer: Dense): boolean {
  return layer instanceof Linear ? layer.fanInFanOut : layer instanceof TransposedLinear
}

function rate(dropout: DropoutLike | null): number {
  return dropout instanceof Dropout ? dropout.p : 0
}

/** A copy of the elements `start .. start + length` along a dimension, as a new parameter. */
function part(tensor: Tensor, dim: number, start: number, length: number): Tensor {
  const copy = noGrad(() => keep(ops.slice(tensor, dim, start, start + length, 1)))
  return parameter(copy, tensor.requiresGrad)
}

function joined(tensors: readonly Tensor[], dim: number): Tensor {
  const copy = noGrad(() => keep(ops.cat(tensors, dim)))
  return parameter(
    copy,
    tensors.some((tensor) => tensor.requiresGrad),
  )
}

function joinedBias(layers: readonly Dense[]): Tensor | null {
  const given = layers.flatMap((layer) => layer.bias ?? [])
  if (given.length === 0) return null
  const dtype = wideDtype(baseWeight(layers[0]!).dtype)
  const bias = joined(
    layers.map((layer) => layer.bias ?? zeros([layer.outFeatures], { dtype })),
    0,
  )
  bias.requiresGrad = given.some((tensor) => tensor.requiresGrad)
  return bias
}
