import { checkOptions } from '../runtime/check-options.js'
import { schemas } from '../runtime/tables.js'
import * as ops from '../generated/ops.js'
import { Embedding as PlainEmbedding, checkEmbedding, checkVectors } from '../nn/embedding.js'
import { limitRows, makeTable } from '../nn/embedding.js'
import type { EmbeddingLayerOptions } from '../nn/embedding.js'
import { normal_ } from '../nn/init.js'
import { wideDtype } from '../nn/linear.js'
import { parameter } from '../nn/module.js'
import { zeros } from '../tensor/make.js'
import { keep } from '../tensor/scope.js'
import type { Tensor } from '../tensor/tensor.js'
import { DoraNorms } from './dora.js'
import { checkLayer, inMode } from './from-layer.js'
import type { FromLayerOptions } from './from-layer.js'
import { LoraLayer } from './lora-layer.js'
import type { Factors } from './factors.js'
import type { LoraOptions } from './lora-layer.js'
import type { NamedAdapterOptions } from './named-adapter.js'
import { byAdapter, tokensByAdapter } from './rows.js'
import { isDecomposed } from './starts.js'

/** Options of {@link Embedding}. */
export interface LoraEmbeddingOptions extends LoraOptions, EmbeddingLayerOptions {}

/**
 * An embedding whose frozen weight gets a trainable low-rank update: `y = weight[ids] + scaling · Aᵀ[ids] Bᵀ`.
 *
 * Shapes: `ids (...)` i64 → `y (..., embeddingDim)`; `weight (numEmbeddings, embeddingDim)`, `lora_A (r, numEmbeddings)`,
 * `lora_B (embeddingDim, r)`.
 * Init: W from N(0, 1) with a zero padding row; A is zero and B from N(0, 1), the reverse of `lora.Linear`, so that only the columns of A that
 * a batch uses change. There is no dropout. The column of A at `paddingIdx` gets no gradient; if a loaded one is not zero, it is applied like
 * any other. `maxNorm` limits the output rows, merged or not, and modifies no parameter.
 *
 * @example
 * const words = new lora.Embedding(50257, 768, { r: 4, paddingIdx: 0 })
 * @throws {OptionError} as `lora.Linear`.
 * @throws {UnsupportedError} for `sparse`.
 * @see loralib `Embedding`: same defaults, same state-dict keys.
 */
export class Embedding extends LoraLayer {
  readonly numEmbeddings: number
  readonly embeddingDim: number
  readonly paddingIdx: number | null
  readonly maxNorm: number | null
  readonly normType: number
  readonly scaleGradByFreq: boolean

  constructor(numEmbeddings: number, embeddingDim: number, options: LoraEmbeddingOptions = {}) {
    checkOptions('lora.Embedding', options, schemas.LoraEmbeddingOptions)
    super('lora.Embedding', options)
    const table = checkEmbedding('lora.Embedding', numEmbeddings, embeddingDim, options)
    this.numEmbeddings = numEmbeddings
    this.embeddingDim = embeddingDim
    this.paddingIdx = table.paddingIdx
    this.maxNorm = table.maxNorm
    this.normType = table.normType
    this.scaleGradByFreq = table.scaleGradByFreq
    this.weight = makeTable('lora.Embedding', numEmbeddings, embeddingDim, table.paddingIdx, options)
    if (this.r > 0) {
      const dtype = wideDtype(this.baseWeight.dtype)
      this.baseWeight.requiresGrad = false
      this.loraA = parameter(zeros([this.r, numEmbeddings], { dtype }))
      this.loraB = parameter(normal_(zeros([embeddingDim, this.r], { dtype })))
    }
  }

  /**
   * A LoRA layer over an existing embedding. It uses the same weight tensor, without a copy, and keeps the padding row, the norm limit and the mode.
   * @throws {OptionError} for another kind of layer, and for options of the embedding itself, which cannot be changed.
   */
  static fromLayer(layer: PlainEmbedding, options: FromLayerOptions = {}): Embedding {
    checkLayer('lora.Embedding.fromLayer', layer, [PlainEmbedding])
    checkOptions('lora.Embedding.fromLayer', options, schemas.FromLayerOptions)
    const { weight } = layer
    return inMode(
      new Embedding(layer.numEmbeddings, layer.embeddingDim, { ...options, ...tableOf(layer), weight }),
      layer,
    )
  }

  /** A LoRA embedding over given vectors `(numEmbeddings, embeddingDim)`. It uses the tensor itself, frozen when `r > 0`. */
  static fromPretrained(weight: Tensor, options: Omit<LoraEmbeddingOptions, 'weight'> = {}): Embedding {
    return new Embedding(...checkVectors('lora.Embedding.fromPretrained', weight), { ...options, weight })
  }

  override blockKeys(): readonly string[] {
    return ['weight']
  }

  override forward(ids: Tensor): Tensor {
    const rows = this.rowsInUse()
    if (rows !== null) {
      const groups = tokensByAdapter('lora.Embedding', ids.shape, rows, (name) => this.adapters.has(name))
      return byAdapter(ids, ids.shape, groups, (own) => this.forwardWhole(own))
    }
    return this.forwardWhole(ids)
  }

  private forwardWhole(ids: Tensor): Tensor {
    const { weight, factors } = this.inUse()
    const padding = this.paddingIdx ?? -1
    const [first, ...more] = factors
    if (first === undefined) return limitRows(ops.embedding(weight, ids, padding, this.scaleGradByFreq), this)
    const { a, b, scaling } = first
    if (factors.some(({ magnitude }) => magnitude !== null)) return limitRows(this.withDora(weight, ids, factors), this)
    const rows = ops.loraEmbedding(weight, ids, a, b, scaling, padding, this.scaleGradByFreq)
    const update = (each: Factors) =>
      ops
        .embedding(each.a.transpose(0, 1), ids, padding, this.scaleGradByFreq)
        .matmul(each.b.transpose(0, 1))
        .mul(each.scaling)
    return limitRows(
      more.reduce((sum, each) => sum.add(update(each)), rows),
      this,
    )
  }

  /** With DoRA: `W[ids] + Σ (m/‖W + sΔ‖ · (W[ids] + s Aᵀ[ids] Bᵀ) − W[ids])`, with one norm for each of the `embeddingDim` outputs. @see peft `DoraEmbeddingLayer` */
  private withDora(weight: Tensor, ids: Tensor, factors: readonly Factors[]): Tensor {
    const padding = this.paddingIdx ?? -1
    const plain = ops.embedding(weight, ids, padding, this.scaleGradByFreq)
    return factors.reduce((y, each) => {
      const { a, b, scaling, magnitude } = each
      const rows = ops.loraEmbedding(weight, ids, a, b, scaling, padding, this.scaleGradByFreq)
      const scaled = magnitude === null ? rows : rows.mul(magnitude.div(this.norms(each)))
      return y === plain ? scaled : y.add(scaled.sub(plain))
    }, plain)
  }

  private dora = new DoraNorms()

  private norms(factors: Pick<Factors, 'a' | 'b' | 'scaling'>): Tensor {
    return this.dora.of(this.baseWeight, 1, factors)
  }

  /** A clone computes its own norms. @internal */
  override afterClone(): void {
    super.afterClone()
    this.dora = new DoraNorms()
  }

  protected override foldDora(weight: Tensor, factors: Factors): Tensor {
    const wide = this.fold(weight.to(wideDtype(weight.dtype)), factors.a, factors.b, factors.scaling)
    return wide.mul(factors.magnitude!.div(this.norms(factors))).to(weight.dtype)
  }

  // W (num, dim) with A (r, num) and B (dim, r) is the (in, out) layout of a dense layer.
  protected override fold(weight: Tensor, a: Tensor, b: Tensor, scaling: number): Tensor {
    return ops.loraMerge(weight, a, b, scaling, 1, [0, this.embeddingDim])
  }

  protected override makeFactors({
    r,
    scaling,
    useDora,
    loraBias,
    init = true,
  }: NamedAdapterOptions): ReturnType<LoraLayer['makeFactors']> {
    if (loraBias || isDecomposed(init)) return null
    const dtype = wideDtype(this.baseWeight.dtype)
    const a = zeros([r, this.numEmbeddings], { dtype })
    const b = parameter(normal_(zeros([this.embeddingDim, r], { dtype })))
    if (init === false) normal_(a)
    const magnitude = useDora ? parameter(keep(this.norms({ a, b, scaling }))) : null
    return { a: parameter(a), b, magnitude }
  }

  override toPlain(): PlainEmbedding {
    const weight = parameter(this.mergedWeight(), this.baseWeight.requiresGrad)
    return inMode(new PlainEmbedding(this.numEmbeddings, this.embeddingDim, { ...tableOf(this), weight }), this)
  }

  override extraRepr(): string {
    return `${this.numEmbeddings} x ${this.embeddingDim}, r ${this.r}${this.merged ? ', merged' : ''}`
  }
}

/** The options of an embedding besides its weight, for the layer that replaces it. */
function tableOf(table: PlainEmbedding | Embedding): EmbeddingLayerOptions {
  const { paddingIdx, maxNorm, normType, scaleGradByFreq } = table
  return { paddingIdx, maxNorm, normType, scaleGradByFreq }
}
