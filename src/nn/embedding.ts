import { UnsupportedError } from '../errors.js'
import * as ops from '../generated/ops.js'
import { noGrad } from '../scope.js'
import type { Tensor } from '../tensor.js'
import { resolvePadding } from './functional.js'
import { normal_ } from './init.js'
import { makeWeight } from './linear.js'
import { Module } from './module.js'
import { checkBoolean, checkInteger, checkKeys } from './options.js'
import type { PlacementOptions } from './options.js'

/** Options of {@link Embedding}. */
export interface EmbeddingLayerOptions extends PlacementOptions {
  /** The row that starts at 0 and gets no gradient, for padding; negative counts from the end. @default none */
  paddingIdx?: number | null
  /** Divide the gradient of a row by how often the batch uses it. @default false */
  scaleGradByFreq?: boolean
  /** Take this tensor as the weight itself, with its element type: no copy, no fresh numbers. @default a fresh weight */
  weight?: Tensor
  /** Not supported yet: any value but null is an error. */
  maxNorm?: null
  /** PyTorch's norm for `maxNorm`; without it, it has no effect. @default 2 */
  normType?: number
  /** Not supported yet: true is an error. @default false */
  sparse?: boolean
}

/** Option names of the embeddings. */
export const EMBEDDING_KEYS = [
  'paddingIdx',
  'scaleGradByFreq',
  'weight',
  'maxNorm',
  'normType',
  'sparse',
  'dtype',
  'device',
] as const

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
 * @throws {UnsupportedError} for `maxNorm` and `sparse`.
 */
export class Embedding extends Module {
  readonly numEmbeddings: number
  readonly embeddingDim: number
  readonly paddingIdx: number | null
  readonly scaleGradByFreq: boolean
  weight: Tensor

  constructor(numEmbeddings: number, embeddingDim: number, options: EmbeddingLayerOptions = {}) {
    super()
    checkKeys('nn.Embedding', options, EMBEDDING_KEYS)
    const table = checkEmbedding('nn.Embedding', numEmbeddings, embeddingDim, options)
    this.numEmbeddings = numEmbeddings
    this.embeddingDim = embeddingDim
    this.paddingIdx = table.paddingIdx
    this.scaleGradByFreq = table.scaleGradByFreq
    this.weight = makeTable('nn.Embedding', numEmbeddings, embeddingDim, table.paddingIdx, options)
  }

  override forward(ids: Tensor): Tensor {
    return ops.embedding(this.weight, ids, this.paddingIdx ?? -1, this.scaleGradByFreq)
  }

  override extraRepr(): string {
    const padding = this.paddingIdx === null ? '' : `, paddingIdx ${this.paddingIdx}`
    return `${this.numEmbeddings} x ${this.embeddingDim}${padding}`
  }
}

/** Checks what the plain and the LoRA embedding have in common. */
export function checkEmbedding(
  owner: string,
  numEmbeddings: number,
  embeddingDim: number,
  options: EmbeddingLayerOptions,
): { paddingIdx: number | null; scaleGradByFreq: boolean } {
  checkInteger(owner, 'numEmbeddings', numEmbeddings, 1)
  checkInteger(owner, 'embeddingDim', embeddingDim, 1)
  if (options.maxNorm !== undefined && options.maxNorm !== null) throw unsupported(owner, 'maxNorm', options.maxNorm)
  if (options.sparse) throw unsupported(owner, 'sparse', options.sparse)
  const padding = resolvePadding(owner, options.paddingIdx, numEmbeddings)
  return {
    paddingIdx: padding < 0 ? null : padding,
    scaleGradByFreq: checkBoolean(owner, 'scaleGradByFreq', options.scaleGradByFreq ?? false),
  }
}

/** The weight of an embedding: the one given, or N(0, 1) with the padding row at 0. */
export function makeTable(
  owner: string,
  numEmbeddings: number,
  embeddingDim: number,
  paddingIdx: number | null,
  options: EmbeddingLayerOptions,
): Tensor {
  return makeWeight(owner, [numEmbeddings, embeddingDim], options, (weight) => {
    normal_(weight)
    if (paddingIdx !== null) noGrad(() => clearRow(weight, paddingIdx))
  })
}

function clearRow(weight: Tensor, row: number): void {
  const zero = ops.full([1, weight.shape[1] ?? 0], 0, weight.dtype)
  ops.sliceAssign(weight, zero, 0, row)
  zero.dispose()
}

function unsupported(owner: string, name: string, value: unknown): UnsupportedError {
  return new UnsupportedError({
    what: `${owner}: ${name} is not supported yet`,
    expected: `no ${name}`,
    received: `${name}: ${String(value)}`,
    fix: `leave ${name} out`,
  })
}
