// Generated from src/lora/embedding.ts by `npm run api`. Do not edit.

import { Embedding as PlainEmbedding } from '../nn/embedding.js'
import type { EmbeddingLayerOptions } from '../nn/embedding.js'
import type { Tensor } from '../tensor/tensor.js'
import type { FromLayerOptions } from './from-layer.js'
import { LoraLayer } from './lora-layer.js'
import type { Factors } from './factors.js'
import type { LoraOptions } from './lora-layer.js'
import type { NamedAdapterOptions } from './named-adapter.js'
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
export declare class Embedding extends LoraLayer {
  readonly numEmbeddings: number
  readonly embeddingDim: number
  readonly paddingIdx: number | null
  readonly maxNorm: number | null
  readonly normType: number
  readonly scaleGradByFreq: boolean
  constructor(numEmbeddings: number, embeddingDim: number, options?: LoraEmbeddingOptions)
  /**
   * A LoRA layer over an existing embedding. It uses the same weight tensor, without a copy, and keeps the padding row, the norm limit and the mode.
   * @throws {OptionError} for another kind of layer, and for options of the embedding itself, which cannot be changed.
   */
  static fromLayer(layer: PlainEmbedding, options?: FromLayerOptions): Embedding
  /** A LoRA embedding over given vectors `(numEmbeddings, embeddingDim)`. It uses the tensor itself, frozen when `r > 0`. */
  static fromPretrained(weight: Tensor, options?: Omit<LoraEmbeddingOptions, 'weight'>): Embedding
  blockKeys(): readonly string[]
  forward(ids: Tensor): Tensor
  private forwardWhole
  /** With DoRA: `W[ids] + Σ (m/‖W + sΔ‖ · (W[ids] + s Aᵀ[ids] Bᵀ) − W[ids])`, with one norm for each of the `embeddingDim` outputs. @see peft `DoraEmbeddingLayer` */
  private withDora
  private dora
  private norms
  protected foldDora(weight: Tensor, factors: Factors): Tensor
  protected fold(weight: Tensor, a: Tensor, b: Tensor, scaling: number): Tensor
  protected makeFactors({
    r,
    scaling,
    useDora,
    loraBias,
    init,
  }: NamedAdapterOptions): ReturnType<LoraLayer['makeFactors']>
  toPlain(): PlainEmbedding
  extraRepr(): string
}
