import { GradError, InternalError, OptionError, UnsupportedError } from '../errors.js'
import { setKind } from '../native/tensor.js'
import { Identity } from '../nn/activations.js'
import { Dropout } from '../nn/dropout.js'
import { asParameter } from '../nn/linear.js'
import { Module, parameter } from '../nn/module.js'
import type { OwnTensor } from '../nn/module.js'
import { checkOptions, pickOptions } from '../runtime/check-options.js'
import * as schemas from '../generated/options.js'
import { bad, show } from '../runtime/options.js'
import type { PlacementOptions } from '../runtime/options.js'
import { isGradEnabled, keep, noGrad } from '../tensor/scope.js'
import { KIND } from '../tensor/dtype.js'
import type { Tensor } from '../tensor/tensor.js'

/** Options that every LoRA layer takes. */
export interface LoraOptions extends PlacementOptions {
  /** Rank of the update. 0 gives the plain layer, without `lora_A` and `lora_B`. @integer @minimum 0 @default 0 */
  r?: number
  /** The update is multiplied by `loraAlpha / r`. @default 1 */
  loraAlpha?: number
  /** `eval()` merges the update into the weight. Set it to false to keep the two apart, e.g. to serve several adapters. @default true */
  mergeWeights?: boolean
}

/** The option of the LoRA layers that have a dropout: all but the embeddings. */
export interface LoraDropoutOptions {
  /** Dropout on the input of the low-rank path, in training. @minimum 0 @maximum 1 @default 0 */
  loraDropout?: number
}

/** What may stand in a layer's `loraDropout`. */
export type DropoutLike = Module | ((x: Tensor) => Tensor)

// The merged weight and what it was made from. It is made again when one of these is replaced or written to.
interface MergedCopy {
  readonly weight: Tensor
  readonly version: number
  readonly sources: readonly (readonly [tensor: Tensor, version: number])[]
  /** Somebody outside may hold it, so it is left to the garbage collector. */
  shown: boolean
}

/**
 * What all LoRA layers share: a weight that is frozen when `r > 0`, the factors `loraA` and `loraB`, and merging.
 *
 * The weight is never written by merging. While `merged`, forward uses a second tensor, `W + scaling · BA` in W's element type, made when it
 * is first needed and again after `W`, A or B has changed: loading or training while merged cannot corrupt anything, and unmerging
 * gives W back bit for bit. `layer.weight` shows the merged values while merged; the state dict, loading and optimizers always see W.
 * Wrap inference in `noGrad`: where gradients are recorded, layers with something to train compute with W, A and B also in evaluation mode.
 *
 * @see loralib `LoRALayer`: same options and defaults; `train()` and `eval()` return the layer.
 */
export abstract class LoraLayer extends Module {
  readonly r: number
  readonly loraAlpha: number
  /** `loraAlpha / r`; 0 for a plain layer. */
  readonly scaling: number
  mergeWeights: boolean
  /**
   * Applied to the input of the low-rank path. Replace it by any function of a tensor, or by a module; the layer then computes the
   * update from what it returns.
   */
  loraDropout: DropoutLike
  /** First factor, `lora_A` in the state dict; null when `r` is 0. */
  loraA: Tensor | null = null
  /** Second factor, `lora_B` in the state dict; null when `r` is 0. */
  loraB: Tensor | null = null
  bias: Tensor | null = null
  // Plain fields and not #private ones: the walks over a module's fields must see the tensors.
  private rawWeight: Tensor | null = null
  private mergedCopy: MergedCopy | null = null
  private isMerged = false

  constructor(owner: string, options: LoraOptions, loraDropout = 0) {
    super()
    // Layers of this package have checked all their options by now; a class of the user's own may not.
    const own = { ...pickOptions(options, schemas.FromLayerOptions), loraDropout }
    checkOptions(owner, own, schemas.DenseFromLayerOptions)
    this.r = options.r ?? 0
    this.loraAlpha = options.loraAlpha ?? 1
    this.scaling = this.r > 0 ? this.loraAlpha / this.r : 0
    this.mergeWeights = options.mergeWeights ?? true
    this.loraDropout = new Dropout(loraDropout)
  }

  /** The update folded into the weight: `W + scaling · BA`, shaped and typed as W. */
  protected abstract fold(weight: Tensor, loraA: Tensor, loraB: Tensor): Tensor

  /** Whether forward uses the merged weight. */
  get merged(): boolean {
    return this.isMerged
  }

  /** The weight that forward multiplies by: W itself, or the merged values while merged. */
  get weight(): Tensor {
    if (!this.isMerged) return this.baseWeight
    const copy = this.freshCopy()
    copy.shown = true
    return copy.weight
  }

  /** @throws {OptionError} while merged, and for a tensor of another shape. */
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
   * Lets forward use `W + scaling · BA`. Costs one copy of the weight until {@link unmerge}, made at the next forward.
   * Does nothing when merged already, and for `r` 0.
   */
  merge(): this {
    this.isMerged = this.r > 0 && this.loraA !== null
    return this
  }

  /** Takes the merged copy away again; W is as it always was. Does nothing when not merged. */
  unmerge(): this {
    this.dropCopy()
    this.isMerged = false
    return this
  }

  /**
   * `W + scaling · BA` in W's element type, as a tensor of its own, whether merged or not; W itself for a plain layer. The layer is left as
   * it is.
   */
  mergedWeight(): Tensor {
    const [a, b] = [this.loraA, this.loraB]
    return a === null || b === null ? this.baseWeight : noGrad(() => keep(this.fold(this.baseWeight, a, b)))
  }

  /**
   * The plain layer that computes what this one does: the merged weight, this bias, this mode. The factors stay behind.
   * @throws {UnsupportedError} for a class of layers that has no plain twin.
   */
  toPlain(): Module {
    const name = this.constructor.name
    throw new UnsupportedError({
      what: `lora.${name} has no plain twin`,
      expected: 'a layer whose class defines toPlain()',
      received: name,
      fix: 'use mergeAll(model), which keeps the layer',
    })
  }

  /** Whether an own tensor is the weight that merging changes. A plain layer has none. */
  isAdapted(tensor: Tensor): boolean {
    return this.loraA !== null && tensor === this.baseWeight
  }

  /** What stands for an own tensor in a plain checkpoint: the merged weight, null for a factor, else the tensor itself. */
  plainTensor(_key: string, tensor: Tensor): Tensor | null {
    if (this.isFactor(tensor)) return null
    return tensor === this.baseWeight ? this.mergedWeight() : tensor
  }

  /** Makes a fresh copy of the layer forget the copied merged weight: it makes its own. @internal */
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

  /** Puts a parameter in the place of an own one, by its state-dict key. Bias and factors stay f32 in a half-precision model. */
  override setOwnTensor(key: string, tensor: Tensor): void {
    if (key === 'weight') this.rawWeight = tensor
    else if (key === 'bias') this.bias = wide(this.bias, tensor)
    else if (key === 'lora_A') this.loraA = wide(this.loraA, tensor)
    else if (key === 'lora_B') this.loraB = wide(this.loraB, tensor)
    else throw bad(`lora.${this.constructor.name}`, 'key', 'weight, bias, lora_A or lora_B', key)
  }

  /**
   * The factors when forward has to apply them; null for a plain or merged layer, whose `weight` says it all. Where gradients are recorded, a
   * merged layer in evaluation mode applies them too: through merged weights they would get no gradient, without a word.
   */
  activeFactors(): { a: Tensor; b: Tensor } | null {
    const [a, b] = [this.loraA, this.loraB]
    if (a === null || b === null) return null
    if (!this.isMerged) return { a, b }
    this.checkUnwritten()
    const trains = a.requiresGrad || b.requiresGrad || this.baseWeight.requiresGrad
    if (!trains || !isGradEnabled()) return null
    if (this.training) throw trainedWhileMerged(this.constructor.name)
    return { a, b }
  }

  /** The weight for a forward without active factors. Unlike `weight`, it is not handed out. */
  forwardWeight(): Tensor {
    return this.isMerged ? this.freshCopy().weight : this.baseWeight
  }

  // A dropout that drops nothing would double the lines of a printed model.
  protected override shownChildren(): Iterable<[name: string, module: Module]> {
    return [...this.namedChildren()].filter(([, child]) => !(child instanceof Dropout && child.p === 0))
  }

  /** Probability for the fused kernel; null when `loraDropout` was replaced by something only itself can compute. */
  protected fusedDropout(): number | null {
    const dropout = this.loraDropout
    if (dropout instanceof Identity) return 0
    if (!(dropout instanceof Dropout) || dropout.constructor !== Dropout) return null
    return dropout.training ? dropout.p : 0
  }

  /** `loraDropout(x)`, whatever it is. */
  protected dropped(x: Tensor): Tensor {
    const dropout = this.loraDropout
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
    const copy = this.mergedCopy
    if (
      copy &&
      copy.sources.every(([tensor, version], i) => tensor === this.sources()[i] && tensor.version === version)
    ) {
      return copy
    }
    this.dropCopy()
    const [weight, a, b] = this.sources()
    const merged = noGrad(() => keep(this.fold(weight, a, b)))
    setKind(merged.id, KIND.base)
    const sources = [weight, a, b].map((tensor) => [tensor, tensor.version] as const)
    this.mergedCopy = { weight: merged, version: merged.version, sources, shown: false }
    return this.mergedCopy
  }

  private sources(): [weight: Tensor, a: Tensor, b: Tensor] {
    const [a, b] = [this.loraA, this.loraB]
    if (a === null || b === null) throw bad(`lora.${this.constructor.name}`, 'loraA and loraB', 'tensors', show(null))
    return [this.baseWeight, a, b]
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

// Taken from the tensor before, which has the digits that a half-precision one has lost.
function wide(before: Tensor | null, tensor: Tensor): Tensor {
  if (before === null || tensor.dtype === 'f32' || tensor.dtype === 'f64') return tensor
  return before.dtype === 'f32'
    ? before
    : parameter(
        noGrad(() => before.detach().to('f32')),
        before.requiresGrad,
      )
}

function writtenWhileMerged(name: string): OptionError {
  return new OptionError({
    what: `lora.${name}: the weight was written to while merged`,
    expected: 'writes to the unmerged weight',
    received: 'a write to the merged copy, which unmerging throws away',
    fix: 'call unmerge() or train() first, or load the values with loadStateDict()',
  })
}

function trainedWhileMerged(name: string): GradError {
  return new GradError({
    what: `lora.${name}: a training forward on merged weights would give lora_A and lora_B no gradient`,
    expected: 'an unmerged layer in training mode',
    received: 'merged, training, gradients on',
    fix: 'call unmerge() or train() before training; for inference call eval() or use noGrad()',
  })
}
