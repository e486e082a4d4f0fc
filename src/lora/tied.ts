// Layers that share the weight of an adapted layer, and its update.
import { UnsupportedError } from '../errors.js'
import * as ops from '../generated/ops.js'
import { Linear as PlainLinear } from '../nn/linear.js'
import { Embedding as PlainEmbedding } from '../nn/embedding.js'
import { Module, parameter } from '../nn/module.js'
import type { OwnTensor } from '../nn/module.js'
import type { Tensor } from '../tensor/tensor.js'
import type { Adapter } from './adapter.js'
import { Embedding } from './embedding.js'
import { inMode, isPlain } from './from-layer.js'
import { Linear } from './linear.js'
import type { Named } from './targets.js'

/**
 * A dense layer with the weight and the update of another LoRA layer, its source: `y = x (W + ΔW)ᵀ + bias`. `injectLora` makes it for a head
 * that is tied to an adapted embedding, with `includeTied`.
 *
 * Shapes: `x (..., inFeatures)` → `y (..., outFeatures)`; W is `(outFeatures, inFeatures)`. It has no factors of its own, so a state dict lists
 * them once, under the source; both layers train them. It is merged when its source is. It applies no dropout.
 */
export class TiedLinear extends Module implements Adapter {
  /** The LoRA layer that owns the weight and the factors. */
  readonly source: Embedding | Linear
  /** The bias of this layer, or null. */
  bias: Tensor | null

  constructor(source: Embedding | Linear, bias: Tensor | null) {
    super()
    this.source = source
    // The source is a module of the model at its own path; traversals must not find it here too.
    Object.defineProperty(this, 'source', { enumerable: false })
    this.bias = bias
  }

  /** The weight of the source, merged when the source is. */
  get weight(): Tensor {
    return this.source.weight
  }

  /** Size of the input's last dimension. */
  get inFeatures(): number {
    return this.source instanceof Embedding ? this.source.embeddingDim : this.source.inFeatures
  }

  /** Size of the output's last dimension. */
  get outFeatures(): number {
    return this.source instanceof Embedding ? this.source.numEmbeddings : this.source.outFeatures
  }

  /** Whether the source is merged. */
  get merged(): boolean {
    return this.source.merged
  }

  override forward(x: Tensor): Tensor {
    const { source } = this
    const factors = source.activeFactors()
    if (factors === null) return ops.linear(x, source.forwardWeight(), this.bias, 0)
    const { a, b } = factors
    const y = ops.linear(x, source.baseWeight, this.bias, 0)
    const isTable = source instanceof Embedding // W (num, dim) has the update (B A)ᵀ, a dense W has B A
    const h = ops.matmul(x, isTable ? b : a, false, !isTable) // (..., r)
    return y.add(ops.matmul(h, isTable ? a : b, false, !isTable).mul(source.scaling))
  }

  /** Does nothing: the layer is merged when its source is. */
  merge(): this {
    return this
  }

  /** Does nothing: the layer is unmerged when its source is. */
  unmerge(): this {
    return this
  }

  /** Weight and bias; the weight is that of the source. */
  override *ownTensors(): Iterable<OwnTensor> {
    yield ['weight', this.source.baseWeight, 'parameter']
    if (this.bias) yield ['bias', this.bias, 'parameter']
  }

  // The weight is not set here: the source is a module of the model and gets its new tensor itself.
  override setOwnTensor(key: string, tensor: Tensor): void {
    if (key === 'bias') this.bias = tensor
  }

  /** Always false: the factors belong to the source. */
  isFactor(): boolean {
    return false
  }

  /** Whether a tensor is the shared weight, which merging changes. */
  isAdapted(tensor: Tensor): boolean {
    return this.source.isAdapted(tensor)
  }

  /** The tensor that a plain checkpoint holds for a key: the merged weight of the source, or the bias. */
  plainTensor(key: string, tensor: Tensor): Tensor | null {
    return key === 'weight' ? this.source.mergedWeight() : tensor
  }

  /** A plain dense layer with the merged weight. If `twins` has the plain layer of the source, it shares that layer's weight, so that the two stay tied. */
  toPlain(twins: ReadonlyMap<Module, Module> = new Map()): PlainLinear {
    const twin = twins.get(this.source) as PlainEmbedding | PlainLinear | undefined
    const weight = twin?.weight ?? parameter(this.source.mergedWeight(), this.source.baseWeight.requiresGrad)
    return inMode(new PlainLinear(this.inFeatures, this.outFeatures, { weight, bias: this.bias ?? false }), this)
  }

  override extraRepr(): string {
    return `${this.inFeatures} -> ${this.outFeatures}, tied${this.merged ? ', merged' : ''}`
  }
}

/**
 * Lets the layers that share the weight of an adapted layer share its update. If an embedding is among them, it owns the factors.
 * @param adapted the new layers by the layers they replace
 * @returns `adapted` with the tied layers added
 */
export function joinTied(modules: readonly Named[], adapted: ReadonlyMap<Module, Adapter>): Map<Module, Adapter> {
  const joined = new Map(adapted)
  for (const group of tiedGroups(modules, adapted)) {
    const first =
      group.find(([, layer]) => isPlain(layer, PlainEmbedding)) ?? group.find(([, layer]) => adapted.has(layer))!
    const source = sourceOf(first, group, adapted)
    joined.set(first[1], source)
    for (const [path, layer] of group) {
      if (layer === first[1]) continue
      if (!isPlain(layer, PlainLinear)) throw cannotTie(path, layer)
      joined.set(layer, inMode(new TiedLinear(source, (layer as PlainLinear).bias), layer))
    }
  }
  return joined
}

/** Groups of two or more layers with one weight, at least one of them adapted. */
function tiedGroups(modules: readonly Named[], adapted: ReadonlyMap<Module, Adapter>): Named[][] {
  const byWeight = new Map<Tensor, Named[]>()
  for (const [path, module] of modules) {
    for (const [key, tensor] of module.ownTensors()) {
      if (key === 'weight') byWeight.set(tensor, [...(byWeight.get(tensor) ?? []), [path, module]])
    }
  }
  return [...byWeight.values()].filter((group) => group.length > 1 && group.some(([, layer]) => adapted.has(layer)))
}

function sourceOf(
  [path, layer]: Named,
  group: readonly Named[],
  adapted: ReadonlyMap<Module, Adapter>,
): Embedding | Linear {
  const own = adapted.get(layer)
  if (own instanceof Embedding || own instanceof Linear) return own
  const model = group.map(([, each]) => adapted.get(each)).find((made) => made instanceof Linear)
  if (own !== undefined || model === undefined || !isPlain(layer, PlainEmbedding)) throw cannotTie(path, layer)
  const { r, loraAlpha, mergeWeights } = model
  return Embedding.fromLayer(layer as PlainEmbedding, { r, loraAlpha, mergeWeights })
}

function cannotTie(path: string, layer: Module): UnsupportedError {
  return new UnsupportedError({
    what: 'lora.injectLora: includeTied cannot share an update with this layer',
    expected: 'an nn.Embedding and nn.Linear layers, or several nn.Linear, adapted as a whole',
    received: `${path} (${layer.constructor.name})`,
    fix: 'leave includeTied out: the layer then keeps the base weight',
  })
}
