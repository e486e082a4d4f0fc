// Generated from src/lora/embedding.ts by `npm run api`. Do not edit.

import { Embedding as PlainEmbedding } from '../nn/embedding.js'
import type { EmbeddingLayerOptions } from '../nn/embedding.js'
import type { Tensor } from '../tensor/tensor.js'
import type { FromLayerOptions } from './from-layer.js'
import { LoraLayer } from './lora-layer.js'
import type { LoraOptions } from './lora-layer.js'
/** Options of {@link Embedding}. */
export interface LoraEmbeddingOptions extends LoraOptions, EmbeddingLayerOptions {}
/**
 * A table of vectors whose frozen rows get a trainable low-rank update: `y = weight[ids] + scaling · Aᵀ[ids] Bᵀ`.
 *
 * Shapes: `ids (...)` i64 → `y (..., embeddingDim)`; `weight (numEmbeddings, embeddingDim)`, `lora_A (r, numEmbeddings)`,
 * `lora_B (embeddingDim, r)`.
 * Init: W from N(0, 1) with the padding row 0; A zero and B N(0, 1), the other way round than in `lora.Linear`, so that only the
 * columns of A that a batch uses change. There is no dropout. The column of A at `paddingIdx` gets no gradient; a loaded one that is not zero
 * is applied like any other. `maxNorm` limits the finished rows, merged or not, and changes no tensor.
 *
 * @example
 * const words = new lora.Embedding(50257, 768, { r: 4, paddingIdx: 0 })
 * @throws {OptionError} as `lora.Linear`.
 * @throws {UnsupportedError} for `sparse`.
 * @see loralib `Embedding`: same defaults, same state-dict keys.
 */
export declare class Embedding extends LoraLayer {
  readonly numEmbeddings: number
  readonly embeddingDim: number
  readonly paddingIdx: number | null
  readonly maxNorm: number | null
  readonly normType: number
  readonly scaleGradByFreq: boolean
  constructor(numEmbeddings: number, embeddingDim: number, options?: LoraEmbeddingOptions)
  /**
   * A LoRA table over an existing one: the weight is its tensor itself, not a copy; padding row, norm limit and mode stay.
   * @throws {OptionError} for another kind of layer, and for options of the table itself, which stay as they are.
   */
  static fromLayer(layer: PlainEmbedding, options?: FromLayerOptions): Embedding
  /** A LoRA table over ready-made vectors `(numEmbeddings, embeddingDim)`: the tensor itself, frozen when `r > 0`. */
  static fromPretrained(weight: Tensor, options?: Omit<LoraEmbeddingOptions, 'weight'>): Embedding
  forward(ids: Tensor): Tensor
  protected fold(weight: Tensor, a: Tensor, b: Tensor): Tensor
  toPlain(): PlainEmbedding
  extraRepr(): string
}
