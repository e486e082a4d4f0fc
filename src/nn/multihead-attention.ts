import { ShapeError, UnsupportedError } from '../errors.js'
import * as ops from '../generated/ops.js'
import { zeros } from '../tensor/make.js'
import type { Tensor } from '../tensor/tensor.js'
import { combineMasks } from './functional/attention-mask.js'
import { scaledDotProductAttention } from './functional/attention.js'
import { constant_, xavierUniform_ } from './init.js'
import { Linear, wideDtype } from './linear.js'
import { Module, parameter } from './module.js'
import { checkOptions } from '../runtime/check-options.js'
import { bad, checkDevice, checkInteger, show } from '../runtime/options.js'
import type { FloatDtype, PlacementOptions } from '../runtime/options.js'
import { schemas } from '../runtime/tables.js'

/** Options of {@link MultiheadAttention}. */
export interface MultiheadAttentionOptions extends PlacementOptions {
  /** Dropout probability of the attention weights, in training. @minimum 0 @maximum 1 @default 0 */
  dropout?: number
  /** Add a bias to all projections. @default true */
  bias?: boolean
  /** Size of the last dimension of the keys. @integer @minimum 1 @default embedDim */
  kdim?: number
  /** Size of the last dimension of the values. @integer @minimum 1 @default embedDim */
  vdim?: number
  /** Inputs and output are (B, T, C) instead of (T, B, C). @default false */
  batchFirst?: boolean
  /** Not supported: true is an error. @default false */
  addBiasKv?: boolean
  /** Not supported: true is an error. @default false */
  addZeroAttn?: boolean
}

/** Options of {@link MultiheadAttention.forward}. In masks true means ignore, the opposite of `scaledDotProductAttention`. */
export interface MultiheadAttentionForwardOptions {
  /** (B, S), or (S) for unbatched input: bool, true = ignore the key; or floating-point, added to the scores. @default none */
  keyPaddingMask?: Tensor | null
  /** (T, S), or (B·numHeads, T, S): bool, true = must not attend; or floating-point, added to the scores. @default none */
  attnMask?: Tensor | null
  /** Causal attention: query t attends to keys 0..t, except those that the masks exclude. @default false */
  isCausal?: boolean
  /** Also return the attention weights, which materializes the (T, S) matrix: false is faster. @default true */
  needWeights?: boolean
  /** Return the mean of the weights over the heads instead of the weights of each head. @default true */
  averageAttnWeights?: boolean
}

/** Existing tensors and layers for a new attention. */
export interface AttentionParts {
  /** The weights of the q, k and v projections. */
  weights: ProjectionWeights
  /** The bias of these projections, or null. */
  in_proj_bias: Tensor | null
  /** The output projection. */
  out_proj: DenseLayer
}

/** The weights of the q, k and v projections: one fused weight, or three. */
export type ProjectionWeights =
  { in_proj_weight: Tensor } | { q_proj_weight: Tensor; k_proj_weight: Tensor; v_proj_weight: Tensor }

type DenseLayer = { forward(x: Tensor): Tensor; weight: Tensor; bias: Tensor | null } & Module

/**
 * Multi-head attention with its projections: `out_proj(concat_h softmax(q_h k_hᵀ / √D + mask) v_h)`.
 *
 * Shapes: `query (T, B, C)`, `key (S, B, kdim)`, `value (S, B, vdim)` → output `(T, B, C)`, weights `(B, T, S)`, or `(B, H, T, S)` for each
 * head; with `batchFirst` B comes first; without B everywhere for unbatched input. Parameters have PyTorch's names: `in_proj_weight (3C, C)`,
 * or `q_proj_weight`, `k_proj_weight`, `v_proj_weight` when `kdim` or `vdim` is not C; `in_proj_bias (3C)`, `out_proj.weight`, `out_proj.bias`.
 * Init: projections of the input Xavier-uniform, `out_proj` as `nn.Linear`, biases 0. A query with all keys masked gets zeros (plus the bias of
 * `out_proj`), where PyTorch gives NaN.
 *
 * @example
 * const attn = new nn.MultiheadAttention(512, 8, { batchFirst: true })
 * const [y, weights] = attn.forward(x)                                   // self-attention
 * const [z] = attn.forward(x, memory, memory, { keyPaddingMask, needWeights: false })
 * @throws {OptionError} when `numHeads` does not divide `embedDim`, and for invalid options.
 * @throws {UnsupportedError} for `addBiasKv` and `addZeroAttn`.
 * @throws {ShapeError} when the shapes of inputs or masks do not match.
 */
export class MultiheadAttention extends Module {
  readonly embedDim: number
  readonly numHeads: number
  readonly kdim: number
  readonly vdim: number
  readonly dropout: number
  readonly batchFirst: boolean
  in_proj_weight: Tensor | null = null
  q_proj_weight: Tensor | null = null
  k_proj_weight: Tensor | null = null
  v_proj_weight: Tensor | null = null
  in_proj_bias: Tensor | null
  out_proj: DenseLayer

  /** @param parts for internal use: the tensors and the output projection of the layer given to `fromLayer` */
  constructor(embedDim: number, numHeads: number, options: MultiheadAttentionOptions = {}, parts?: AttentionParts) {
    super()
    const owner = 'nn.MultiheadAttention'
    checkOptions(owner, options, schemas.MultiheadAttentionOptions)
    this.embedDim = checkInteger(owner, 'embedDim', embedDim, 1)
    this.numHeads = checkInteger(owner, 'numHeads', numHeads, 1)
    if (embedDim % numHeads !== 0) throw bad(owner, 'numHeads', `a divisor of embedDim = ${embedDim}`, numHeads)
    this.kdim = options.kdim ?? embedDim
    this.vdim = options.vdim ?? embedDim
    this.dropout = options.dropout ?? 0
    this.batchFirst = options.batchFirst ?? false
    const bias = options.bias ?? true
    for (const name of ['addBiasKv', 'addZeroAttn'] as const) if (options[name]) throw unsupported(owner, name)
    const dtype = options.dtype ?? 'f32'
    const made = parts ?? freshParts(embedDim, this.kdim, this.vdim, bias, dtype)
    Object.assign(this, made.weights)
    this.in_proj_bias = made.in_proj_bias
    this.out_proj = made.out_proj
    checkDevice(owner, options.device, this.out_proj.weight)
  }

  /** Returns the output and, unless `needWeights` is false, the attention weights. */
  override forward(
    query: Tensor,
    key: Tensor = query,
    value: Tensor = key,
    options: MultiheadAttentionForwardOptions = {},
  ): [output: Tensor, weights: Tensor | null] {
    checkOptions('nn.MultiheadAttention.forward', options, schemas.MultiheadAttentionForwardOptions)
    this.checkInputs(query, key, value)
    const isBatched = query.ndim === 3
    const lead = (x: Tensor) => (!isBatched ? x.unsqueeze(0) : this.batchFirst ? x : x.transpose(0, 1))
    // Equal inputs stay the same tensor, so that one product can compute q, k and v.
    const q0 = lead(query) // (B, T, C)
    const k0 = key === query ? q0 : lead(key) // (B, S, kdim)
    const v0 = value === key ? k0 : lead(value) // (B, S, vdim)
    const [B = 0, T = 0] = q0.shape
    const S = k0.shape[1]!
    const heads = [this.numHeads, this.embedDim / this.numHeads]
    const [q, k, v] = this.projected(q0, k0, v0)
    const split = [q.reshape([B, T, ...heads]), k.reshape([B, S, ...heads]), v.reshape([B, S, ...heads])] as const
    const { y, weights } = this.attend(...split, options)
    const output: Tensor = this.out_proj.forward(y.reshape([B, T, this.embedDim]))
    const back = !isBatched ? output.squeeze(0) : this.batchFirst ? output : output.transpose(0, 1)
    return [back, isBatched ? weights : (weights?.squeeze(0) ?? null)]
  }

  /** The projections of the inputs, each (B, ·, C). A LoRA layer adds its updates here. @internal */
  protected projected(query: Tensor, key: Tensor, value: Tensor): [q: Tensor, k: Tensor, v: Tensor] {
    const weight = this.in_proj_weight
    if (weight !== null && query === key && key === value) {
      return ops.linear(query, weight, this.in_proj_bias, 0).chunk(3, 2) as [Tensor, Tensor, Tensor]
    }
    const project = (i: 0 | 1 | 2, x: Tensor) => ops.linear(x, this.projectionWeight(i), this.projectionBias(i), 0)
    return [project(0, query), project(1, key), project(2, value)]
  }

  /** The weight of q (0), k (1) or v (2). @internal */
  protected projectionWeight(i: 0 | 1 | 2): Tensor {
    const one = [this.q_proj_weight, this.k_proj_weight, this.v_proj_weight][i]
    return one ?? this.in_proj_weight!.narrow(0, i * this.embedDim, this.embedDim)
  }

  /** The bias of q (0), k (1) or v (2). @internal */
  protected projectionBias(i: 0 | 1 | 2): Tensor | null {
    return this.in_proj_bias?.narrow(0, i * this.embedDim, this.embedDim) ?? null
  }

  // q (B, T, H, D), k and v (B, S, H, D)
  private attend(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    options: MultiheadAttentionForwardOptions,
  ): { y: Tensor; weights: Tensor | null } {
    const {
      keyPaddingMask = null,
      attnMask = null,
      isCausal = false,
      needWeights = true,
      averageAttnWeights = true,
    } = options
    const sizes = { B: q.shape[0]!, H: this.numHeads, T: q.shape[1]!, S: k.shape[1]! }
    const dropoutP = this.training ? this.dropout : 0
    const masks = combineMasks(keyPaddingMask, attnMask, needWeights && isCausal, sizes, q.dtype)
    if (!needWeights) {
      const mask = masks.added ?? masks.allowed
      return { y: scaledDotProductAttention(q, k, v, { mask, isCausal, dropoutP, layout: 'BTHD' }), weights: null }
    }
    const [qh, kh, vh] = [q, k, v].map((x) => x.transpose(1, 2)) as [Tensor, Tensor, Tensor] // (B, H, ·, D)
    let scores = ops.matmul(qh, kh, false, true).mul(1 / Math.sqrt(q.shape[3]!)) // (B, H, T, S)
    if (masks.added) scores = scores.add(masks.added)
    const ignored = masks.added ? scores.eq(-Infinity) : (masks.allowed?.logicalNot() ?? null)
    // A finite value instead of −∞, so that a query with all keys masked gets zeros and not NaN.
    if (ignored) scores = scores.maskedFill(ignored, -1e30)
    let weights = scores.softmax(-1)
    if (ignored) weights = weights.maskedFill(ignored, 0)
    if (dropoutP > 0) weights = ops.dropout(weights, dropoutP)
    const y = weights.matmul(vh).transpose(1, 2) // (B, T, H, D)
    return { y, weights: averageAttnWeights ? weights.mean(1) : weights }
  }

  private checkInputs(query: Tensor, key: Tensor, value: Tensor): void {
    const { embedDim, kdim, vdim } = this
    const dims = query.ndim
    const length = dims === 2 || !this.batchFirst ? 0 : 1
    const batch = 1 - length
    const widths = query.shape.at(-1) === embedDim && key.shape.at(-1) === kdim && value.shape.at(-1) === vdim
    const fits = (dims === 2 || dims === 3) && key.ndim === dims && value.ndim === dims && widths
    const lengths = fits && key.shape[length] === value.shape[length]
    if (lengths && (dims === 2 || [key, value].every((x) => x.shape[batch] === query.shape[batch]))) return
    const layout = this.batchFirst ? ['B, T', 'B, S'] : ['T, B', 'S, B']
    throw new ShapeError({
      what: 'nn.MultiheadAttention: the inputs do not match the layer or each other',
      expected: `query (${layout[0]}, ${embedDim}), key (${layout[1]}, ${kdim}) and value (${layout[1]}, ${vdim}), or all without B`,
      received: `query ${show(query)}, key ${show(key)}, value ${show(value)}`,
      fix: this.batchFirst
        ? 'batchFirst is true: B comes first'
        : 'B comes second, unless the layer has batchFirst: true',
    })
  }

  override extraRepr(): string {
    return `${this.embedDim}, ${this.numHeads} heads${this.batchFirst ? ', batch first' : ''}`
  }
}

function freshParts(C: number, kdim: number, vdim: number, bias: boolean, dtype: FloatDtype): AttentionParts {
  const make = (rows: number, width: number) => parameter(xavierUniform_(zeros([rows, width], { dtype })))
  const weights =
    kdim === C && vdim === C
      ? { in_proj_weight: make(3 * C, C) }
      : { q_proj_weight: make(C, C), k_proj_weight: make(C, kdim), v_proj_weight: make(C, vdim) }
  const out_proj = new Linear(C, C, { bias, dtype })
  if (out_proj.bias) constant_(out_proj.bias, 0)
  return { weights, in_proj_bias: bias ? parameter(zeros([3 * C], { dtype: wideDtype(dtype) })) : null, out_proj }
}

function unsupported(owner: string, name: string): UnsupportedError {
  return new UnsupportedError({
    what: `${owner}: ${name} is not supported`,
    expected: `no ${name}`,
    received: `${name}: true`,
    fix: `leave ${name} out`,
  })
}
