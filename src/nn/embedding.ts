import { UnsupportedError } from '../errors.js'
import * as ops from '../generated/ops.js'
import { where } from '../tensor/make.js'
import { noGrad } from '../tensor/scope.js'
import { Tensor } from '../tensor/tensor.js'
import { normal_ } from './init.js'
import { makeWeight } from './linear.js'
import { Module } from './module.js'
import { checkOptions } from '../runtime/check-options.js'
import { bad, checkInteger, resolvePadding } from '../runtime/options.js'
import { schemas } from '../runtime/tables.js'
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
export class Embedding extends Module {
  readonly numEmbeddings: number
  readonly embeddingDim: number
  readonly paddingIdx: number | null
  readonly maxNorm: number | null
  readonly normType: number
  readonly scaleGradByFreq: boolean
  weight: Tensor

  constructor(numEmbeddings: number, embeddingDim: number, options: EmbeddingLayerOptions = {}) {
    super()
    checkOptions('nn.Embedding', options, schemas.EmbeddingLayerOptions)
    const table = checkEmbedding('nn.Embedding', numEmbeddings, embeddingDim, options)
    this.numEmbeddings = numEmbeddings
    this.embeddingDim = embeddingDim
    this.paddingIdx = table.paddingIdx
    this.maxNorm = table.maxNorm
    this.normType = table.normType
    this.scaleGradByFreq = table.scaleGradByFreq
    this.weight = makeTable('nn.Embedding', numEmbeddings, embeddingDim, table.paddingIdx, options)
  }

  /**
   * An embedding that uses the tensor `weight (numEmbeddings, embeddingDim)` itself, frozen unless `freeze` is false.
   * @example
   * const words = nn.Embedding.fromPretrained(vectors, { paddingIdx: 0 })
   */
  static fromPretrained(weight: Tensor, options: FromPretrainedOptions = {}): Embedding {
    checkOptions('nn.Embedding.fromPretrained', options, schemas.FromPretrainedOptions)
    const { freeze = true, ...table } = options
    const layer = new Embedding(...checkVectors('nn.Embedding.fromPretrained', weight), { ...table, weight })
    layer.weight.requiresGrad = !freeze
    return layer
  }

  override blockKeys(): readonly string[] {
    return ['weight']
  }

  override forward(ids: Tensor): Tensor {
    return limitRows(ops.embedding(this.weight, ids, this.paddingIdx ?? -1, this.scaleGradByFreq), this)
  }

  override extraRepr(): string {
    const padding = this.paddingIdx === null ? '' : `, paddingIdx ${this.paddingIdx}`
    return `${this.numEmbeddings} x ${this.embeddingDim}${padding}`
  }
}

/** A limit on the norm of output rows. */
export interface RowLimit {
  maxNorm: number | null
  normType: number
}

/** `y · maxNorm / (‖y‖ + 1e-7)` for each row y whose norm exceeds `maxNorm`. No gradient flows through the factor. */
export function limitRows(rows: Tensor, { maxNorm, normType }: RowLimit): Tensor {
  if (maxNorm === null) return rows
  const factor = noGrad(() => {
    const norm = rowNorm(rows.detach(), normType) // (..., 1)
    const shrink = norm.add(1e-7).reciprocal().mul(maxNorm)
    return where(norm.gt(maxNorm), shrink, 1)
  })
  return rows.mul(factor)
}

function rowNorm(rows: Tensor, p: number): Tensor {
  if (p === Infinity) return rows.abs().amax(-1, true)
  if (p === 2) return rows.square().sum(-1, true).sqrt()
  const powers = p === 1 ? rows.abs() : rows.abs().pow(p)
  const sum = powers.sum(-1, true)
  return p === 1 ? sum : sum.pow(1 / p)
}

/** The sizes of a given weight. @throws {OptionError} when it is not a matrix. */
export function checkVectors(owner: string, weight: Tensor): [numEmbeddings: number, embeddingDim: number] {
  const [rows, width] = weight instanceof Tensor && weight.ndim === 2 ? weight.shape : []
  if (rows === undefined || width === undefined)
    throw bad(owner, 'weight', 'a tensor (numEmbeddings, embeddingDim)', weight)
  return [rows, width]
}

/** Checks the options that the plain and the LoRA embedding share. */
export function checkEmbedding(
  owner: string,
  numEmbeddings: number,
  embeddingDim: number,
  options: EmbeddingLayerOptions,
): RowLimit & { paddingIdx: number | null; scaleGradByFreq: boolean } {
  checkInteger(owner, 'numEmbeddings', numEmbeddings, 1)
  checkInteger(owner, 'embeddingDim', embeddingDim, 1)
  if (options.sparse) throw sparseGradients(owner, options.sparse)
  const padding = resolvePadding(owner, options.paddingIdx, numEmbeddings)
  return {
    paddingIdx: padding < 0 ? null : padding,
    maxNorm: options.maxNorm ?? null,
    normType: options.normType ?? 2,
    scaleGradByFreq: options.scaleGradByFreq ?? false,
  }
}

/** The weight of an embedding: the given one, or a new one from N(0, 1) with a zero padding row. */
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

/** Fills a row with zeros. */
export function clearRow(weight: Tensor, row: number): void {
  const zero = ops.full([1, weight.shape[1] ?? 0], 0, weight.dtype)
  ops.sliceAssign(weight, zero, 0, row)
  zero.dispose()
}

function sparseGradients(owner: string, value: unknown): UnsupportedError {
  return new UnsupportedError({
    what: `${owner}: sparse gradients are not supported`,
    expected: 'no sparse',
    received: `sparse: ${String(value)}`,
    fix: 'leave sparse out: the gradient is then dense',
  })
}
