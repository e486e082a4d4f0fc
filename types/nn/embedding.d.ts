// Generated from src/nn/embedding.ts by `npm run api`. Do not edit.

import { Tensor } from '../tensor/tensor.js'
import { Module } from './module.js'
import type { EmbeddingOptions } from './functional/linear.js'
import type { PlacementOptions } from '../runtime/options.js'
/** Options of {@link Embedding}. */
export interface EmbeddingLayerOptions extends EmbeddingOptions, PlacementOptions {
  /** Take this tensor as the weight itself, with its element type: no copy, no fresh numbers. @default a fresh weight */
  weight?: Tensor
  /**
   * Rows that come out longer than this are scaled down to it. Unlike in PyTorch the weight itself is not changed; as there, the factor counts
   * as a constant in the backward pass. @exclusiveMinimum 0 @default no limit
   */
  maxNorm?: number | null
  /** Which p-norm `maxNorm` limits, above 0; Infinity for the largest element. @exclusiveMinimum 0 @infinity @default 2 */
  normType?: number
  /** Gradients are dense: true is an error. @default false */
  sparse?: boolean
}
/** Options of `fromPretrained`. */
export interface FromPretrainedOptions extends Omit<EmbeddingLayerOptions, 'weight' | 'dtype' | 'device'> {
  /** Train nothing of the table. @default true */
  freeze?: boolean
}
/**
 * A table of vectors: `y = weight[ids]`.
 *
 * Shapes: `ids (...)` i64 → `y (..., embeddingDim)`; `weight (numEmbeddings, embeddingDim)`. A bf16 or f16 table gives f32 rows.
 * Init: N(0, 1), the padding row 0.
 *
 * @example
 * const words = new nn.Embedding(50257, 768, { paddingIdx: 0 })
 * const x = words.forward(lora.tensor(new Int32Array([15496, 995])))      // (2, 768)
 * @throws {OptionError} for a padding row outside the table.
 * @throws {UnsupportedError} for `sparse`.
 */
export declare class Embedding extends Module {
  readonly numEmbeddings: number
  readonly embeddingDim: number
  readonly paddingIdx: number | null
  readonly maxNorm: number | null
  readonly normType: number
  readonly scaleGradByFreq: boolean
  weight: Tensor
  constructor(numEmbeddings: number, embeddingDim: number, options?: EmbeddingLayerOptions)
  /**
   * A table that holds `weight (numEmbeddings, embeddingDim)` itself, frozen unless `freeze` is false.
   * @example
   * const words = nn.Embedding.fromPretrained(vectors, { paddingIdx: 0 })
   */
  static fromPretrained(weight: Tensor, options?: FromPretrainedOptions): Embedding
  forward(ids: Tensor): Tensor
  extraRepr(): string
}
