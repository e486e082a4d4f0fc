import { checkOptions } from '../runtime/check-options.js'
import { schemas } from '../runtime/tables.js'
import * as ops from '../generated/ops.js'
import { MultiheadAttention as PlainAttention } from '../nn/multihead-attention.js'
import type { AttentionParts, MultiheadAttentionOptions } from '../nn/multihead-attention.js'
import { Linear as PlainLinear } from '../nn/linear.js'
import { parameter } from '../nn/module.js'
import type { OwnTensor } from '../nn/module.js'
import type { Tensor } from '../tensor/tensor.js'
import type { Adapter } from './adapter.js'
import { checkLayer, inMode } from './from-layer.js'
import { Linear } from './linear.js'
import type { DenseFromLayerOptions } from './linear.js'
import { blockRanges } from './blocks.js'
import { MergedLinear } from './merged-linear.js'

/** Options of the low-rank updates of a {@link MultiheadAttention}. */
export interface AttentionFromLayerOptions extends DenseFromLayerOptions {
  /**
   * Which of the projections q, k and v get an update. @minItems 3 @maxItems 3 @default [true, true, true]
   * @expected three of true and false, for q, k and v
   */
  enableLora?: readonly boolean[]
  /** Whether the output projection gets an update. @default true */
  out?: boolean
}

/** Options of {@link MultiheadAttention}. */
export interface LoraAttentionOptions extends AttentionFromLayerOptions, MultiheadAttentionOptions {}

const OWNER = 'lora.MultiheadAttention'
const PROJECTIONS = ['in_proj', 'q_proj', 'k_proj', 'v_proj'] as const
type ProjectionName = (typeof PROJECTIONS)[number]

/**
 * `nn.MultiheadAttention` with low-rank updates on its projections: those of q, k and v that `enableLora` selects, and the output projection.
 *
 * Shapes, masks and base keys are those of `nn.MultiheadAttention`, so PyTorch's checkpoints load by name. The factors are `in_proj.lora_A (r·g, C)` and
 * `in_proj.lora_B (g·C, r)` for g enabled projections, laid out as in `lora.MergedLinear`, or `q_proj.lora_A` and so on when `kdim` or `vdim`
 * is not C; `out_proj.lora_A` and `out_proj.lora_B`. Adapted weights are frozen; `in_proj_weight` is frozen when one of its blocks is adapted.
 * `eval()` merges and `train()` unmerges, unless `mergeWeights` is false.
 *
 * @example
 * const attn = new lora.MultiheadAttention(512, 8, { r: 8, loraAlpha: 16, enableLora: [true, false, true], out: false, batchFirst: true })
 * const [y] = attn.forward(x, x, x, { needWeights: false })
 * @throws {OptionError} as `nn.MultiheadAttention` and `lora.Linear`.
 */
export class MultiheadAttention extends PlainAttention implements Adapter {
  /** Rank of the updates. */
  readonly r: number
  /** Which of q, k and v get an update. */
  readonly enableLora: readonly boolean[]
  /** The update of the fused q, k and v projection; null when none is enabled, or when q, k and v have separate weights. */
  in_proj: InProjection | null = null
  /** The updates of the separate projections of q, k and v; null where there is none. */
  q_proj: SideProjection | null = null
  k_proj: SideProjection | null = null
  v_proj: SideProjection | null = null

  /** @param parts for internal use: the tensors and the output projection of the layer given to `fromLayer` */
  constructor(embedDim: number, numHeads: number, options: LoraAttentionOptions = {}, parts?: AttentionParts) {
    checkOptions(OWNER, options, schemas.LoraAttentionOptions)
    const {
      r = 0,
      loraAlpha = 1,
      loraDropout = 0,
      mergeWeights = true,
      enableLora = [true, true, true],
      out = true,
      ...rest
    } = options
    super(embedDim, numHeads, rest, parts)
    const lora = { r, loraAlpha, loraDropout, mergeWeights }
    this.r = r
    this.enableLora = Object.freeze([...enableLora])
    if (this.r === 0) return
    if (out) this.out_proj = Linear.fromLayer(this.out_proj as PlainLinear, lora)
    if (this.in_proj_weight !== null) {
      const base = { weight: this.in_proj_weight, bias: this.in_proj_bias ?? false }
      if (enableLora.includes(true))
        this.in_proj = new InProjection(embedDim, 3 * embedDim, { ...lora, ...base, enableLora })
    } else {
      const names = ['q_proj', 'k_proj', 'v_proj'] as const
      names.forEach((name, i) => {
        const weight = this[`${name}_weight`]!
        if (enableLora[i]) this[name] = new SideProjection(weight.shape[1]!, embedDim, { ...lora, weight, bias: false })
      })
    }
  }

  /**
   * A LoRA attention over an existing one, whose tensors it uses as `lora.Linear.fromLayer` does.
   * @throws {OptionError} for another kind of layer, or one whose `out_proj` was replaced.
   */
  static fromLayer(layer: PlainAttention, options: AttentionFromLayerOptions = {}): MultiheadAttention {
    const owner = 'lora.MultiheadAttention.fromLayer'
    checkLayer(owner, layer, [PlainAttention])
    checkLayer(`${owner}, out_proj`, layer.out_proj, [PlainLinear])
    checkOptions(owner, options, schemas.AttentionFromLayerOptions)
    const made = new MultiheadAttention(
      layer.embedDim,
      layer.numHeads,
      { ...shapeOf(layer), ...options },
      partsOf(layer),
    )
    return inMode(made, layer)
  }

  /** Whether any projection is merged. */
  get merged(): boolean {
    return this.parts().some((part) => part.merged)
  }

  /** Merges all projections. */
  merge(): this {
    for (const part of this.parts()) part.merge()
    return this
  }

  /** Unmerges all projections. */
  unmerge(): this {
    for (const part of this.parts()) part.unmerge()
    return this
  }

  /** Always false: the factors belong to the projections. */
  isFactor(): boolean {
    return false
  }

  /** Whether a tensor is a weight of the attention that merging changes. */
  isAdapted(tensor: Tensor): boolean {
    return this.parts().some((part) => part.isAdapted(tensor))
  }

  /** The tensor that a plain checkpoint holds for a key: the merged weight of an adapted projection, otherwise the tensor itself. */
  plainTensor(key: string, tensor: Tensor): Tensor | null {
    const name = PROJECTIONS.find((each) => key === `${each}_weight`)
    return (name && this.projection(name)?.mergedWeight()) ?? tensor
  }

  override setOwnTensor(key: string, tensor: Tensor): void {
    super.setOwnTensor(key, tensor)
    this.parts() // updates the projections' references to the tensor
  }

  /** The equivalent plain attention, with merged weights. */
  toPlain(): PlainAttention {
    const out = this.out_proj instanceof Linear ? (this.out_proj.toPlain() as PlainLinear) : this.out_proj
    const weights = Object.fromEntries(
      [...this.ownTensors()].map(([key, tensor]) => [
        key,
        parameter(this.plainTensor(key, tensor)!, tensor.requiresGrad),
      ]),
    )
    const { in_proj_bias, ...rest } = weights
    const parts = { weights: rest, in_proj_bias: in_proj_bias ?? null, out_proj: out } as AttentionParts
    return inMode(new PlainAttention(this.embedDim, this.numHeads, shapeOf(this), parts), this)
  }

  /** @internal */
  protected override projected(query: Tensor, key: Tensor, value: Tensor): [q: Tensor, k: Tensor, v: Tensor] {
    const fused = this.projection('in_proj')
    if (fused !== null && query === key && key === value)
      return fused.forward(query).chunk(3, 2) as [Tensor, Tensor, Tensor]
    return [this.project(0, query), this.project(1, key), this.project(2, value)]
  }

  private project(i: 0 | 1 | 2, x: Tensor): Tensor {
    const fused = this.projection('in_proj')
    if (fused) return (fused as InProjection).block(i, x)
    const side = this.projection((['q_proj', 'k_proj', 'v_proj'] as const)[i])
    const bias = this.projectionBias(i)
    if (!side) return ops.linear(x, this.projectionWeight(i), bias, 0)
    return bias ? side.forward(x).add(bias) : side.forward(x)
  }

  /** A projection with an update, brought up to date with the attention's current tensors, which may have been replaced. */
  private projection(name: ProjectionName): InProjection | SideProjection | null {
    const [part, weight] = [this[name], this[`${name}_weight`]]
    if (part === null || weight === null) return null
    if (part.baseWeight !== weight) part.setOwnTensor('weight', weight)
    if (name === 'in_proj') part.bias = this.in_proj_bias
    return part
  }

  private parts(): (InProjection | SideProjection | Linear)[] {
    const out = this.out_proj instanceof Linear ? this.out_proj : null
    return [...PROJECTIONS.map((name) => this.projection(name)), out].filter((part) => part !== null)
  }

  override extraRepr(): string {
    const which = this.enableLora.map((on) => (on ? 'x' : '-')).join('')
    return `${super.extraRepr()}, r ${this.r}, qkv ${which}${this.merged ? ', merged' : ''}`
  }
}

/** The fused projection of q, k and v. The attention lists its weight and bias, under PyTorch's names. */
export class InProjection extends MergedLinear {
  /** Projects `x` with the block of q (0), k (1) or v (2) alone. */
  block(i: number, x: Tensor): Tensor {
    const [start, length] = blockRanges(this.blocks)[i]!
    const factors = this.activeFactors()
    const weight = (factors ? this.baseWeight : this.forwardWeight()).narrow(0, start, length)
    const bias = this.bias?.narrow(0, start, length) ?? null
    if (factors === null || !this.enableLora[i]) return ops.linear(x, weight, bias, 0)
    const before = this.enableLora.slice(0, i).filter((on) => on).length // all blocks have the same length
    const a = factors.a.narrow(0, before * this.r, this.r)
    const b = factors.b.narrow(0, before * length, length)
    const p = this.fusedDropout()
    if (p !== null) return ops.loraLinear(x, weight, bias, a, b, this.scaling, p, 0, [0, length])
    return ops.loraUpdate(ops.linear(x, weight, bias, 0), this.dropped(x), a, b, this.scaling, [0, length])
  }

  override ownTensors(): Iterable<OwnTensor> {
    return factorsOf(super.ownTensors())
  }
}

/** The projection of q, k or v where each has a separate weight. The attention lists the weight. */
export class SideProjection extends Linear {
  override ownTensors(): Iterable<OwnTensor> {
    return factorsOf(super.ownTensors())
  }
}

function* factorsOf(tensors: Iterable<OwnTensor>): Iterable<OwnTensor> {
  for (const tensor of tensors) if (tensor[0] !== 'weight' && tensor[0] !== 'bias') yield tensor
}

/** The options of an attention besides its tensors, for the layer that replaces it. */
function shapeOf(layer: PlainAttention): MultiheadAttentionOptions {
  const { kdim, vdim, dropout, batchFirst } = layer
  return { kdim, vdim, dropout, batchFirst }
}

function partsOf(layer: PlainAttention): AttentionParts {
  const own = Object.fromEntries(Array.from(layer.ownTensors(), ([key, tensor]) => [key, tensor]))
  const { in_proj_bias, ...weights } = own
  return { weights, in_proj_bias: in_proj_bias ?? null, out_proj: layer.out_proj } as AttentionParts
}
