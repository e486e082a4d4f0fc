import { OptionError } from '../errors.js'
import * as ops from '../generated/ops.js'
import { wideDtype } from '../nn/linear.js'
import { parameter } from '../nn/module.js'
import { bad, checkBoolean, checkInteger, checkKeys, show } from '../nn/options.js'
import { zeros } from '../make.js'
import type { Tensor } from '../tensor.js'
import { LORA_LINEAR_KEYS, makeA, makeBase } from './linear.js'
import type { LoraLinearOptions } from './linear.js'
import { LoraLayer } from './lora-layer.js'

/** Options of {@link MergedLinear}. */
export interface MergedLinearOptions extends LoraLinearOptions {
  /** Which of the equal blocks of outputs get an update of their own, e.g. `[true, false, true]` for q and v of q, k, v. @default [false] */
  enableLora?: readonly boolean[]
}

/**
 * One dense layer that stands for several (q, k and v in one product), with a low-rank update for some of them:
 * `y = x Wᵀ + bias`, and for each enabled block i: `y[block i] += scaling · dropout(x) Aᵢᵀ Bᵢᵀ`.
 *
 * Shapes: `x (..., inFeatures)` → `y (..., outFeatures)`; `weight (outFeatures, inFeatures)`, or (in, out) with `fanInFanOut`;
 * with g enabled of n blocks: `lora_A (r·g, inFeatures)`, `lora_B (outFeatures/n · g, r)`, enabled blocks in order.
 * Init as `lora.Linear`. The dense (out, in) update is never formed, except to merge.
 *
 * @example
 * const qkv = new lora.MergedLinear(768, 3 * 768, { r: 4, loraAlpha: 32, enableLora: [true, false, true], fanInFanOut: true })
 * @throws {OptionError} when `enableLora` holds anything but booleans, when its length does not divide `outFeatures`, or when
 * `r > 0` and no block is enabled.
 * @see loralib `MergedLinear`: same defaults, same state-dict keys.
 */
export class MergedLinear extends LoraLayer {
  readonly inFeatures: number
  readonly outFeatures: number
  readonly fanInFanOut: boolean
  readonly enableLora: readonly boolean[]
  // [start, length] of each enabled block of outputs, one after the other.
  private readonly blocks: number[]

  constructor(inFeatures: number, outFeatures: number, options: MergedLinearOptions = {}) {
    checkKeys('lora.MergedLinear', options, [...LORA_LINEAR_KEYS, 'enableLora'])
    super('lora.MergedLinear', options, options.loraDropout)
    this.inFeatures = checkInteger('lora.MergedLinear', 'inFeatures', inFeatures, 1)
    this.outFeatures = checkInteger('lora.MergedLinear', 'outFeatures', outFeatures, 1)
    this.fanInFanOut = checkBoolean('lora.MergedLinear', 'fanInFanOut', options.fanInFanOut ?? false)
    this.enableLora = checkBlocks(options.enableLora ?? [false], outFeatures, this.r)
    this.blocks = enabledBlocks(this.enableLora, outFeatures)
    makeBase(this, 'lora.MergedLinear', options)
    if (this.r > 0) {
      const enabled = this.blocks.length / 2
      const rows = (outFeatures / this.enableLora.length) * enabled
      this.baseWeight.requiresGrad = false
      this.loraA = makeA(this.baseWeight, this.r * enabled, inFeatures)
      this.loraB = parameter(zeros([rows, this.r], { dtype: wideDtype(this.baseWeight.dtype) }))
    }
  }

  override forward(x: Tensor): Tensor {
    const layout = this.fanInFanOut ? 1 : 0
    const factors = this.activeFactors()
    if (factors === null) return ops.linear(x, this.forwardWeight(), this.bias, layout)
    const { a, b } = factors
    const p = this.fusedDropout()
    if (p !== null) return ops.loraLinear(x, this.baseWeight, this.bias, a, b, this.scaling, p, layout, this.blocks)
    const y = ops.linear(x, this.baseWeight, this.bias, layout)
    return ops.loraUpdate(y, this.dropped(x), a, b, this.scaling, this.blocks)
  }

  protected override fold(weight: Tensor, a: Tensor, b: Tensor): Tensor {
    return ops.loraMerge(weight, a, b, this.scaling, this.fanInFanOut ? 1 : 0, this.blocks)
  }

  override extraRepr(): string {
    const blocks = this.enableLora.map((on) => (on ? 'x' : '-')).join('')
    return `${this.inFeatures} -> ${this.outFeatures}, r ${this.r}, blocks ${blocks}${this.merged ? ', merged' : ''}`
  }
}

function checkBlocks(enableLora: readonly boolean[], outFeatures: number, r: number): readonly boolean[] {
  const owner = 'lora.MergedLinear'
  const fine = Array.isArray(enableLora) && enableLora.length > 0 && enableLora.every((on) => typeof on === 'boolean')
  if (!fine) throw bad(owner, 'enableLora', 'a list of true and false, one for each block of outputs', enableLora)
  if (outFeatures % enableLora.length !== 0) {
    throw bad(owner, 'enableLora', `a list whose length divides outFeatures = ${outFeatures}`, enableLora)
  }
  if (r > 0 && !enableLora.includes(true)) throw nothingEnabled(enableLora, r)
  return Object.freeze([...enableLora])
}

function enabledBlocks(enableLora: readonly boolean[], outFeatures: number): number[] {
  const length = outFeatures / enableLora.length
  return enableLora.flatMap((on, i) => (on ? [i * length, length] : []))
}

function nothingEnabled(enableLora: readonly boolean[], r: number): OptionError {
  return new OptionError({
    what: 'lora.MergedLinear: no block is enabled, so there is nothing to adapt',
    expected: 'enableLora with at least one true when r > 0',
    received: `r: ${r}, enableLora: ${show(enableLora)}`,
    fix: 'enable a block, e.g. enableLora: [true, false, true] for q and v, or set r: 0 for a plain layer',
  })
}
