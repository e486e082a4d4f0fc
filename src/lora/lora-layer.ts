import { InternalError, UnsupportedError } from '../errors.js'
import { setKind } from '../native/tensor.js'
import { Identity } from '../nn/activations.js'
import { Dropout } from '../nn/dropout.js'
import { asParameter, wideDtype } from '../nn/linear.js'
import { Module, parameter } from '../nn/module.js'
import type { OwnTensor } from '../nn/module.js'
import { checkOptions, pickOptions } from '../runtime/check-options.js'
import { bad } from '../runtime/options.js'
import type { PlacementOptions } from '../runtime/options.js'
import { schemas } from '../runtime/tables.js'
import { cat } from '../tensor/make.js'
import { isGradEnabled, keep, noGrad } from '../tensor/scope.js'
import { KIND } from '../tensor/dtype.js'
import type { Tensor } from '../tensor/tensor.js'
import { activeAdapters, rowAdapters } from './active.js'
import type { RowAdapters } from './active.js'
import type { Adapter } from './adapter.js'
import { tensorsOf } from './factors.js'
import type { DropoutLike, Factors, InUse } from './factors.js'
import { noVariant, onlyOneDora, trainedWhileMerged, writtenWhileMerged } from './layer-errors.js'
import { NamedAdapter } from './named-adapter.js'
import { noRows } from './rows.js'
import type { NamedAdapterOptions } from './named-adapter.js'

/** Options of every LoRA layer. */
export interface LoraOptions extends PlacementOptions {
  /** Rank of the update. 0 gives the plain layer, without `lora_A` and `lora_B`. @integer @minimum 0 @default 0 */
  r?: number
  /** Scaling numerator: the update is multiplied by `loraAlpha / r`. @default 1 */
  loraAlpha?: number
  /** Let `eval()` merge the update into the weight. False keeps them separate, e.g. to serve several adapters. @default true */
  mergeWeights?: boolean
}

/** The option of the LoRA layers with dropout: all except the embeddings. */
export interface LoraDropoutOptions {
  /** Dropout probability on the input of the low-rank path, in training. @minimum 0 @maximum 1 @default 0 */
  loraDropout?: number
}

// The merged weight and the tensors it was computed from. It is recomputed when one of these is replaced or written to.
interface MergedCopy {
  readonly weight: Tensor
  readonly bias: Tensor | null
  readonly version: number
  readonly sources: readonly (readonly [tensor: Tensor, version: number])[]
  /** What the updates were multiplied by. */
  readonly scalings: string
  /** It was returned to a caller, who may still use it, so it is left to the garbage collector. */
  shown: boolean
}

/**
 * The base class of all LoRA layers: a weight that is frozen when `r > 0`, the factors `loraA` and `loraB`, and merging.
 *
 * Merging never writes to the weight W. While `merged`, forward uses a second tensor, `W + scaling · BA` in W's dtype, which is computed when
 * first needed and recomputed after W, A or B has changed. So loading or training while merged cannot corrupt anything, and unmerging restores
 * W bit for bit. `layer.weight` returns the merged values while merged; the state dict, loading and optimizers always use W.
 * Wrap inference in `noGrad`: with gradients enabled, layers with trainable tensors compute with W, A and B even in evaluation mode.
 *
 * @see loralib `LoRALayer`: same options and defaults; `train()` and `eval()` return the layer.
 */
export abstract class LoraLayer extends Module implements Adapter {
  /** Rank of the update; 0 for a plain layer. */
  readonly r: number
  /** Numerator of the scaling. */
  readonly loraAlpha: number
  /** `loraAlpha / r`; 0 for a plain layer. */
  readonly scaling: number
  /** Whether `eval()` merges. */
  mergeWeights: boolean
  /**
   * Applied to the input of the low-rank path. It may be replaced by a module or by any function of a tensor.
   */
  loraDropout: DropoutLike
  /** First factor, `lora_A` in the state dict; null when `r` is 0. */
  loraA: Tensor | null = null
  /** Second factor, `lora_B` in the state dict; null when `r` is 0. */
  loraB: Tensor | null = null
  /** The bias of the layer, or null. */
  bias: Tensor | null = null
  // Not #private fields: traversals of a module's fields must see the tensors.
  private rawWeight: Tensor | null = null
  private mergedCopy: MergedCopy | null = null
  private isMerged = false
  /** The names of the adapters in the merged copy. */
  private mergedNames: readonly string[] = []
  /** Adapters by name, beside the layer's own factors. Which of them act is said by the call: see `lora.peft`. */
  readonly adapters = new Map<string, NamedAdapter>()

  constructor(owner: string, options: LoraOptions, loraDropout = 0) {
    super()
    // Layers of this package have already checked all their options; a user's subclass may not have.
    const own = { ...pickOptions(options, schemas.FromLayerOptions), loraDropout }
    checkOptions(owner, own, schemas.DenseFromLayerOptions)
    this.r = options.r ?? 0
    this.loraAlpha = options.loraAlpha ?? 1
    this.scaling = this.r > 0 ? this.loraAlpha / this.r : 0
    this.mergeWeights = options.mergeWeights ?? true
    this.loraDropout = new Dropout(loraDropout)
  }

  /** The update folded into the weight: `W + scaling · BA`, shaped and typed as W. */
  protected abstract fold(weight: Tensor, loraA: Tensor, loraB: Tensor, scaling: number): Tensor

  /** The weight of DoRA: `fold` with each output of the norm `magnitude`. */
  protected foldDora(_weight: Tensor, _factors: Factors): Tensor {
    throw noVariant(this.constructor.name, 'DoRA')
  }

  /** New factors of a layer, as its class has them; null where it takes no named adapters. */
  protected makeFactors(_options: NamedAdapterOptions): { a: Tensor; b: Tensor; magnitude: Tensor | null } | null {
    return null
  }

  /**
   * Adds an adapter under a name. It acts in calls that name it.
   * @throws {OptionError} when the name is taken; {@link UnsupportedError} for a class of layers that takes none.
   */
  addAdapter(name: string, options: NamedAdapterOptions): NamedAdapter {
    if (this.adapters.has(name))
      throw bad(this.constructor.name, 'the name of an adapter', 'one that is not taken', name)
    const factors = noGrad(() => this.makeFactors(options))
    if (factors === null) throw noVariant(this.constructor.name, 'a named adapter')
    const adapter = new NamedAdapter(factors, this.bias, options)
    adapter.train(this.training)
    this.adapters.set(name, adapter)
    return adapter
  }

  /** Removes a named adapter, and releases its tensors. */
  deleteAdapter(name: string): void {
    const adapter = this.adapters.get(name)
    if (adapter === undefined) return
    if (this.mergedNames.includes(name)) this.unmerge()
    this.adapters.delete(name)
    for (const [, tensor] of adapter.namedTensors()) tensor.dispose()
  }

  /** Whether forward uses the merged weight. */
  get merged(): boolean {
    return this.isMerged
  }

  /** The names of the adapters in the merged copy. */
  get mergedAdapters(): readonly string[] {
    return this.mergedNames
  }

  /** The merged weight in f32 (f64 in an f64 layer), from which a half-precision base loses by rounding. @internal */
  exactMerged(): Tensor {
    const { baseWeight } = this
    return this.folded(this.factorsOf(this.mergedNames), baseWeight.detach().to(wideDtype(baseWeight.dtype)))
  }

  /** The bias of the merged copy. @internal */
  mergedBiasInUse(): Tensor | null {
    return this.isMerged ? this.freshCopy().bias : this.bias
  }

  /** The weight that forward uses: W itself, or the merged values while merged. */
  get weight(): Tensor {
    if (!this.isMerged) return this.baseWeight
    const copy = this.freshCopy()
    copy.shown = true
    return copy.weight
  }

  /** Replaces W. @throws {OptionError} while merged, and for a tensor of another shape. */
  set weight(weight: Tensor) {
    if (this.isMerged) throw writtenWhileMerged(this.constructor.name)
    const shape = this.rawWeight?.shape
    if (shape && shape.join() !== weight.shape.join()) {
      throw bad(`lora.${this.constructor.name}`, 'weight', `a tensor of shape (${shape.join(', ')})`, weight)
    }
    this.rawWeight = asParameter(weight)
  }

  /** The frozen weight W, merged or not: what the state dict holds. */
  get baseWeight(): Tensor {
    if (this.rawWeight === null)
      throw new InternalError({
        what: 'a LoRA layer sets its weight in its constructor',
        expected: 'a weight',
        received: 'a layer without one',
        fix: 'set this.weight in the constructor of the layer',
      })
    return this.rawWeight
  }

  /**
   * Makes forward use `W + scaling · BA`. This takes memory for one copy of the weight until {@link unmerge}; the copy is made at the next forward.
   * Does nothing when already merged, and for `r` 0.
   */
  merge(): this {
    const names = this.namesInUse()
    if (names.join() !== this.mergedNames.join()) this.dropCopy()
    this.mergedNames = names
    this.isMerged = (this.r > 0 && this.loraA !== null) || names.length > 0
    return this
  }

  /** Releases the merged copy; W was never changed. Does nothing when not merged. */
  unmerge(): this {
    this.dropCopy()
    this.isMerged = false
    this.mergedNames = []
    return this
  }

  /**
   * `W + scaling · BA` in W's dtype as a new tensor, whether merged or not; W itself for a plain layer. The layer is not changed.
   */
  mergedWeight(): Tensor {
    const all = this.factorsOf(this.namesInUse())
    return all.length === 0 ? this.baseWeight : noGrad(() => keep(this.folded(all)))
  }

  /** The bias of the equivalent plain layer. */
  mergedBias(): Tensor | null {
    const names = this.namesInUse()
    return noGrad(() => this.foldedBias(names, this.factorsOf(names)))
  }

  /**
   * The equivalent plain layer: the merged weight, the same bias tensor and mode, no factors.
   * @throws {UnsupportedError} for a class of layers without a plain equivalent.
   */
  toPlain(): Module {
    const name = this.constructor.name
    throw new UnsupportedError({
      what: `lora.${name} has no plain equivalent`,
      expected: 'a layer whose class defines toPlain()',
      received: name,
      fix: 'use mergeAll(model), which keeps the layer',
    })
  }

  /** Whether an own tensor is the weight that merging changes. A plain layer has none. */
  isAdapted(tensor: Tensor): boolean {
    return (this.loraA !== null || this.adapters.size > 0) && tensor === this.baseWeight
  }

  /** The tensor that a plain checkpoint holds for an own tensor: the merged weight, null for a factor, otherwise the tensor itself. */
  plainTensor(_key: string, tensor: Tensor): Tensor | null {
    if (this.isFactor(tensor)) return null
    return tensor === this.baseWeight ? this.mergedWeight() : tensor
  }

  /** Releases the merged weight that a clone of the layer copied: the clone computes its own. @internal */
  afterClone(): void {
    this.mergedCopy?.weight.dispose()
    this.mergedCopy = null
  }

  /** Training mode unmerges; evaluation mode merges when `mergeWeights` is true. */
  override train(mode = true): this {
    super.train(mode)
    if (mode) return this.unmerge()
    return this.mergeWeights ? this.merge() : this
  }

  /** Parameters under their state-dict keys, W unmerged. */
  override *ownTensors(): Iterable<OwnTensor> {
    yield ['weight', this.baseWeight, 'parameter']
    if (this.bias) yield ['bias', this.bias, 'parameter']
    if (this.loraA) yield ['lora_A', this.loraA, 'parameter']
    if (this.loraB) yield ['lora_B', this.loraB, 'parameter']
  }

  /** Whether a tensor is one of the low-rank factors. A plain layer has none. */
  isFactor(tensor: Tensor): boolean {
    return tensor === this.loraA || tensor === this.loraB
  }

  /** Replaces an own parameter, by its state-dict key. Bias and factors stay f32 in a half-precision model. */
  override setOwnTensor(key: string, tensor: Tensor): void {
    if (key === 'weight') this.rawWeight = tensor
    else if (key === 'bias') this.bias = wide(this.bias, tensor)
    else if (key === 'lora_A') this.loraA = wide(this.loraA, tensor)
    else if (key === 'lora_B') this.loraB = wide(this.loraB, tensor)
    else throw bad(`lora.${this.constructor.name}`, 'key', 'weight, bias, lora_A or lora_B', key)
  }

  /**
   * The factors when forward has to apply them; null for a plain or merged layer, for which `weight` suffices. With gradients enabled, a merged
   * layer in evaluation mode applies them too: with merged weights they would silently get no gradient.
   */
  activeFactors(): { a: Tensor; b: Tensor } | null {
    return this.loraA === null ? null : (this.inUse().factors[0] ?? null)
  }

  /** The layer's own factors; null without. */
  protected ownFactors(): Factors | null {
    const [a, b] = [this.loraA, this.loraB]
    const { scaling, loraDropout: dropout } = this
    return a && b ? { a, b, scaling, dropout, loraBias: null, magnitude: null } : null
  }

  /** The layer's own factors, then those of adapters by name. */
  private factorsOf(names: readonly string[]): Factors[] {
    const named = names.flatMap((name) => {
      const adapter = this.adapters.get(name)!
      return [adapter.factors(), adapter.residual() ?? []].flat()
    })
    return [this.ownFactors() ?? [], named].flat()
  }

  private namesInUse(): readonly string[] {
    return this.adapters.size === 0 ? [] : activeAdapters().filter((name) => this.adapters.has(name))
  }

  /** The bias with these adapters: one that trains biases has its own. */
  private biasOf(names: readonly string[]): Tensor | null {
    return names.map((name) => this.adapters.get(name)!.bias).find((bias) => bias !== null) ?? this.bias
  }

  /** The adapters of the rows of this call, where this layer has one of them; null otherwise. */
  protected rowsInUse(): RowAdapters | null {
    if (this.adapters.size === 0) return null
    const rows = rowAdapters()
    return rows?.names.some((name) => name !== null && this.adapters.has(name)) ? rows : null
  }

  /**
   * Weight, bias and factors of this call. The merged copy serves a call that names the adapters in it, unless gradients are recorded that would not reach
   * the factors.
   */
  protected inUse(): InUse {
    if (this.rowsInUse() !== null) throw noRows(`lora.${this.constructor.name}`)
    const names = this.namesInUse()
    const factors = this.factorsOf(names)
    if (this.isMerged && names.join() === this.mergedNames.join()) {
      this.checkUnwritten()
      const trains = [this.baseWeight, ...factors.flatMap(tensorsOf)].some((tensor) => tensor.requiresGrad)
      if (!trains || !isGradEnabled()) {
        const { weight, bias } = this.freshCopy()
        return { weight, bias, factors: [] }
      }
      if (this.training && this.loraA) throw trainedWhileMerged(this.constructor.name)
    }
    return { weight: this.baseWeight, bias: this.biasOf(names), factors }
  }

  /** The weight for a forward without active factors. Unlike `weight`, it is for internal use, so the copy can be disposed. */
  forwardWeight(): Tensor {
    return this.isMerged ? this.freshCopy().weight : this.baseWeight
  }

  // A dropout with p = 0 would double the lines of a printed model.
  protected override shownChildren(): Iterable<[name: string, module: Module]> {
    return [...this.namedChildren()].filter(([, child]) => !(child instanceof Dropout && child.p === 0))
  }

  /** Dropout probability for the fused kernel; null when the dropout is not a plain Dropout and must be called. */
  protected fusedDropout(dropout = this.loraDropout): number | null {
    if (dropout instanceof Identity) return 0
    if (!(dropout instanceof Dropout) || dropout.constructor !== Dropout) return null
    return dropout.training ? dropout.p : 0
  }

  /** Applies a dropout, a module or a function, to `x`. */
  protected dropped(x: Tensor, dropout = this.loraDropout): Tensor {
    if (dropout instanceof Module) return dropout.forward(x) as Tensor
    if (typeof dropout === 'function') return dropout(x)
    throw bad(`lora.${this.constructor.name}`, 'loraDropout', 'an nn.Module or a function of a tensor', dropout)
  }

  private checkUnwritten(): void {
    const copy = this.mergedCopy
    if (copy && copy.weight.version !== copy.version) throw writtenWhileMerged(this.constructor.name)
  }

  private freshCopy(): MergedCopy {
    this.checkUnwritten()
    const factors = this.factorsOf(this.mergedNames)
    const sources = [this.baseWeight, ...factors.flatMap(tensorsOf)]
    const copy = this.mergedCopy
    const isFresh = copy?.sources.every(([tensor, version], i) => tensor === sources[i] && tensor.version === version)
    const scalings = factors.map(({ scaling }) => scaling).join()
    if (copy && isFresh && copy.sources.length === sources.length && copy.scalings === scalings) return copy
    this.dropCopy()
    const weight = noGrad(() => keep(this.folded(factors)))
    setKind(weight.id, KIND.base)
    const bias = noGrad(() => this.foldedBias(this.mergedNames, factors))
    const versions = sources.map((tensor) => [tensor, tensor.version] as const)
    this.mergedCopy = { weight, bias, version: weight.version, sources: versions, scalings, shown: false }
    return this.mergedCopy
  }

  // Several updates are folded as one, so that a half-precision weight is rounded once.
  private folded(all: readonly Factors[], base = this.baseWeight): Tensor {
    if (all.length > 1 && all.every(({ a, magnitude }) => magnitude === null && a.ndim === 2)) {
      const scaled = all.map(({ b, scaling }) => b.mul(scaling))
      return this.fold(base, cat(all.map(({ a }) => a)), cat(scaled, 1), 1)
    }
    return all.reduce((weight, each) => {
      if (each.magnitude === null) return this.fold(weight, each.a, each.b, each.scaling)
      if (weight !== base) throw onlyOneDora(this.constructor.name)
      return this.foldDora(weight, each)
    }, base)
  }

  /** The bias with the biases of second factors; the very bias where there are none. */
  private foldedBias(names: readonly string[], all: readonly Factors[]): Tensor | null {
    const base = this.biasOf(names)
    const own = all.flatMap(({ loraBias, scaling }) => (loraBias === null ? [] : [loraBias.mul(scaling)]))
    if (own.length === 0) return base
    return keep([...(base ? [base] : []), ...own].reduce((sum, each) => sum.add(each)))
  }

  private dropCopy(): void {
    if (this.mergedCopy && !this.mergedCopy.shown) this.mergedCopy.weight.dispose()
    this.mergedCopy = null
  }
}

/** Whether a module is a LoRA layer, of rank 0 too. */
export function isLoraLayer(module: Module): module is LoraLayer {
  return module instanceof LoraLayer
}

// Converted from the previous tensor, which still has the precision that a half-precision one has lost.
function wide(before: Tensor | null, tensor: Tensor): Tensor {
  if (before === null || tensor.dtype === 'f32' || tensor.dtype === 'f64') return tensor
  return before.dtype === 'f32'
    ? before
    : parameter(
        noGrad(() => before.detach().to('f32')),
        before.requiresGrad,
      )
}
