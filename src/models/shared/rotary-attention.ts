// Causal attention with rotary positions, as in the decoders since Llama.
import { Dropout } from '../../nn/dropout.js'
import { Module } from '../../nn/module.js'
import type { RMSNorm } from '../../nn/rms-norm.js'
import type { Tensor } from '../../tensor/tensor.js'
import { causalAttention, lastTokens } from './decoder.js'
import type { AttentionContext } from './decoder.js'
import { linear, projection } from './parts.js'
import type { Layer, NormMaker } from './parts.js'
import type { WeightSource } from './pretrained.js'
import { lastRotation, rotate } from './rotary.js'
import type { Rotation } from './rotary.js'

/** What the blocks need besides their input. */
export interface RotaryContext extends AttentionContext {
  /** One per kind of block: Gemma 3 rotates by other angles in blocks with a window. */
  rotations: readonly Rotation[]
}

/** The attention of one block. */
export interface RotaryAttentionOptions {
  /** Index of the block. */
  index: number
  /** Channels C. */
  width: number
  /** Query heads H. */
  heads: number
  /** Heads of keys and values Hkv. */
  keyHeads: number
  /** Head size D. */
  headDim: number
  /** Standard deviation of fresh weights. */
  std: number
  /** Dropout of the attention weights. */
  dropout: number
  /** Factor of q·k. */
  scale: number
  /** Cap of the scores, or null. */
  softcap: number | null
  /** Length of the sliding window, or null for none. */
  window: number | null
  /** Index of its rotation in the context. */
  rotary: number
  /** The projections of q, k and v have a bias. */
  queryBias: boolean
  /** The output projection has a bias. */
  outputBias: boolean
  /** The norm of each head of q and k before the rotation; null for none. */
  headNorm: NormMaker | null
}

/** Attention with a projection each for q, k and v, in which groups of query heads share a head of keys and values. */
export class RotaryAttention extends Module {
  q_proj: Layer
  k_proj: Layer
  v_proj: Layer
  o_proj: Layer
  q_norm: RMSNorm | null
  k_norm: RMSNorm | null
  dropout: Dropout
  private readonly options: RotaryAttentionOptions

  constructor(options: RotaryAttentionOptions, take: WeightSource) {
    super()
    const { width: C, heads: H, keyHeads: Hkv, headDim: D, std, headNorm } = options
    const into = options.queryBias ? linear : projection
    const outOf = options.outputBias ? linear : projection
    this.options = options
    this.q_proj = into(take, 'q_proj', C, H * D, std)
    this.k_proj = into(take, 'k_proj', C, Hkv * D, std)
    this.v_proj = into(take, 'v_proj', C, Hkv * D, std)
    this.o_proj = outOf(take, 'o_proj', H * D, C, std)
    this.q_norm = headNorm && headNorm(take, 'q_norm', D)
    this.k_norm = headNorm && headNorm(take, 'k_norm', D)
    this.dropout = new Dropout(options.dropout)
  }

  override forward(x: Tensor, context: RotaryContext): Tensor {
    const { headDim: D } = this.options
    const q = asHeads(this.q_proj.forward(lastTokens(x, context.last)), D) // (B, T, H, D)
    const k = asHeads(this.k_proj.forward(x), D) // (B, T, Hkv, D)
    const v = asHeads(this.v_proj.forward(x), D)
    const normed = [this.q_norm?.forward(q) ?? q, this.k_norm?.forward(k) ?? k] as const
    return this.o_proj.forward(attend(normed[0], normed[1], v, context, this.options, this.dropout))
  }
}

/** {@link RotaryAttention} with one projection for q, k and v. */
export class FusedAttention extends Module {
  qkv_proj: Layer
  o_proj: Layer
  dropout: Dropout
  private readonly options: RotaryAttentionOptions

  constructor(options: RotaryAttentionOptions, take: WeightSource) {
    super()
    const { width: C, heads: H, keyHeads: Hkv, headDim: D, std } = options
    this.options = options
    this.qkv_proj = projection(take, 'qkv_proj', C, (H + 2 * Hkv) * D, std)
    this.o_proj = projection(take, 'o_proj', H * D, C, std)
    this.dropout = new Dropout(options.dropout)
  }

  override forward(x: Tensor, context: RotaryContext): Tensor {
    const { heads: H, keyHeads: Hkv, headDim: D } = this.options
    const all = asHeads(this.qkv_proj.forward(x), D) // (B, T, H + 2 Hkv, D)
    const q = lastTokens(all.narrow(2, 0, H), context.last)
    const [k, v] = [all.narrow(2, H, Hkv), all.narrow(2, H + Hkv, Hkv)]
    return this.o_proj.forward(attend(q, k, v, context, this.options, this.dropout))
  }
}

/** Shapes: `q (B, T, H, D)`, or of the last tokens only, `k` and `v (B, T, Hkv, D)` → `(B, T, H·D)`. */
function attend(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  context: RotaryContext,
  { index: layer, scale, softcap, window, rotary }: RotaryAttentionOptions,
  dropout: Dropout,
): Tensor {
  const rotation = context.rotations[rotary]!
  const turned = rotate(q, lastRotation(rotation, k.shape[1]!, context.last))
  const dropoutP = dropout.training ? dropout.p : 0
  return causalAttention(turned, rotate(k, rotation), v, context, { layer, scale, dropoutP, softcap, window })
}

/** (B, T, H·D) → (B, T, H, D). */
function asHeads(x: Tensor, D: number): Tensor {
  const [B = 0, T = 0, width = 0] = x.shape
  return x.reshape([B, T, width / D, D])
}
