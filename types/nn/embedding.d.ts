// Generated from src/nn/embedding.ts by `npm run api`. Do not edit.

import { Tensor } from '../tensor/tensor.js'
import { Module } from './module.js'
import type { EmbeddingOptions } from './functional/linear.js'
import type { PlacementOptions } from '../runtime/options.js'
/** Options of {@link Embedding}. */
export interface EmbeddingLayerOptions extends EmbeddingOptions, PlacementOptions {
  /** Use this tensor as the weight, with its dtype: it is neither copied nor initialized. @default a fresh weight */
  weight?: Tensor
  /**
   * Output rows with a larger norm are scaled down to this norm. Unlike in PyTorch, the weight itself is not changed; as there, the factor is treated
   * as a constant in the backward pass. @exclusiveMinimum 0 @default no limit
   */
  maxNorm?: number | null
  /** The p of the p-norm that `maxNorm` limits, above 0; Infinity takes the largest absolute element. @exclusiveMinimum 0 @infinity @default 2 */
  normType?: number
  /** Not supported: gradients are dense, and true is an error. @default false */
  sparse?: boolean
}
/** Options of `fromPretrained`. */
export interface FromPretrainedOptions extends Omit<EmbeddingLayerOptions, 'weight' | 'dtype' | 'device'> {
  /** Freeze the weight. @default true */
  freeze?: boolean
}
/**
 * An embedding table: `y = weight[ids]`.
 *
 * Shapes: `ids (...)` i64 → `y (..., embeddingDim)`; `weight (numEmbeddings, embeddingDim)`. A bf16 or f16 weight gives f32 rows.
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
   * An embedding that uses the tensor `weight (numEmbeddings, embeddingDim)` itself, frozen unless `freeze` is false.
   * @example
   * const words = nn.Embedding.fromPretrained(vectors, { paddingIdx: 0 })
   */
  static fromPretrained(weight: Tensor, options?: FromPretrainedOptions): Embedding
  blockKeys(): readonly string[]
  forward(ids: Tensor): Tensor
  extraRepr(): string
}
