import * as ops from '../generated/ops.js'
import { EMBEDDING_KEYS, checkEmbedding, makeTable } from '../nn/embedding.js'
import type { EmbeddingLayerOptions } from '../nn/embedding.js'
import { normal_ } from '../nn/init.js'
import { wideDtype } from '../nn/linear.js'
import { parameter } from '../nn/module.js'
import { checkKeys } from '../nn/options.js'
import { zeros } from '../make.js'
import type { Tensor } from '../tensor.js'
import { LORA_KEYS, LoraLayer } from './lora-layer.js'
import type { LoraOptions } from './lora-layer.js'

/** Options of {@link Embedding}. */
export interface LoraEmbeddingOptions extends LoraOptions, EmbeddingLayerOptions {}

/**
 * A table of vectors whose frozen rows get a trainable low-rank update: `y = weight[ids] + scaling · Aᵀ[ids] Bᵀ`.
 *
 * Shapes: `ids (...)` i64 → `y (..., embeddingDim)`; `weight (numEmbeddings, embeddingDim)`, `lora_A (r, numEmbeddings)`,
 * `lora_B (embeddingDim, r)`.
 * Init: W from N(0, 1) with the padding row 0; A zero and B N(0, 1), the other way round than in `lora.Linear`, so that only the
 * columns of A that a batch uses change. There is no dropout. The column of A at `paddingIdx` gets no gradient.
 *
 * @example
 * const words = new lora.Embedding(50257, 768, { r: 4, paddingIdx: 0 })
 * @throws {OptionError} as `lora.Linear`.
 * @throws {UnsupportedError} for `maxNorm` and `sparse`.
 * @see loralib `Embedding`: same defaults, same state-dict keys.
 */
export class Embedding extends LoraLayer {
  readonly numEmbeddings: number
  readonly embeddingDim: number
  readonly paddingIdx: number | null
  readonly scaleGradByFreq: boolean

  constructor(numEmbeddings: number, embeddingDim: number, options: LoraEmbeddingOptions = {}) {
    checkKeys('lora.Embedding', options, [...LORA_KEYS, ...EMBEDDING_KEYS])
    super('lora.Embedding', options)
    const table = checkEmbedding('lora.Embedding', numEmbeddings, embeddingDim, options)
    this.numEmbeddings = numEmbeddings
    this.embeddingDim = embeddingDim
    this.paddingIdx = table.paddingIdx
    this.scaleGradByFreq = table.scaleGradByFreq
    this.weight = makeTable('lora.Embedding', numEmbeddings, embeddingDim, table.paddingIdx, options)
    if (this.r > 0) {
      const dtype = wideDtype(this.baseWeight.dtype)
      this.baseWeight.requiresGrad = false
      this.loraA = parameter(zeros([this.r, numEmbeddings], { dtype }))
      this.loraB = parameter(normal_(zeros([embeddingDim, this.r], { dtype })))
    }
  }

  override forward(ids: Tensor): Tensor {
    const factors = this.activeFactors()
    const padding = this.paddingIdx ?? -1
    if (factors === null) return ops.embedding(this.forwardWeight(), ids, padding, this.scaleGradByFreq)
    const { a, b } = factors
    return ops.loraEmbedding(this.baseWeight, ids, a, b, this.scaling, padding, this.scaleGradByFreq)
  }

  // W (num, dim) with A (r, num) and B (dim, r) is the (in, out) layout of a dense layer.
  protected override fold(weight: Tensor, a: Tensor, b: Tensor): Tensor {
    return ops.loraMerge(weight, a, b, this.scaling, 1, [0, this.embeddingDim])
  }

  override extraRepr(): string {
    return `${this.numEmbeddings} x ${this.embeddingDim}, r ${this.r}${this.merged ? ', merged' : ''}`
  }
}
