// Generated from src/lora/multihead-attention.ts by `npm run api`. Do not edit.

import { MultiheadAttention as PlainAttention } from '../nn/multihead-attention.js'
import type { AttentionParts, MultiheadAttentionOptions } from '../nn/multihead-attention.js'
import type { OwnTensor } from '../nn/module.js'
import type { Tensor } from '../tensor/tensor.js'
import type { Adapter } from './adapter.js'
import { Linear } from './linear.js'
import type { DenseFromLayerOptions } from './linear.js'
import { MergedLinear } from './merged-linear.js'
/** Options of the low-rank updates of a {@link MultiheadAttention}. */
export interface AttentionFromLayerOptions extends DenseFromLayerOptions {
  /**
   * Which of the projections q, k and v get an update. @minItems 3 @maxItems 3 @default [true, true, true]
   * @expected three of true and false, for q, k and v
   */
  enableLora?: readonly boolean[]
  /** Whether the output projection gets an update. @default true */
  out?: boolean
}
/** Options of {@link MultiheadAttention}. */
export interface LoraAttentionOptions extends AttentionFromLayerOptions, MultiheadAttentionOptions {}
/**
 * `nn.MultiheadAttention` with low-rank updates on its projections: those of q, k and v that `enableLora` selects, and the output projection.
 *
 * Shapes, masks and base keys are those of `nn.MultiheadAttention`, so PyTorch's checkpoints load by name. The factors are `in_proj.lora_A (r·g, C)` and
 * `in_proj.lora_B (g·C, r)` for g enabled projections, laid out as in `lora.MergedLinear`, or `q_proj.lora_A` and so on when `kdim` or `vdim`
 * is not C; `out_proj.lora_A` and `out_proj.lora_B`. Adapted weights are frozen; `in_proj_weight` is frozen when one of its blocks is adapted.
 * `eval()` merges and `train()` unmerges, unless `mergeWeights` is false.
 *
 * @example
 * const attn = new lora.MultiheadAttention(512, 8, { r: 8, loraAlpha: 16, enableLora: [true, false, true], out: false, batchFirst: true })
 * const [y] = attn.forward(x, x, x, { needWeights: false })
 * @throws {OptionError} as `nn.MultiheadAttention` and `lora.Linear`.
 */
export declare class MultiheadAttention extends PlainAttention implements Adapter {
  /** Rank of the updates. */
  readonly r: number
  /** Which of q, k and v get an update. */
  readonly enableLora: readonly boolean[]
  /** The update of the fused q, k and v projection; null when none is enabled, or when q, k and v have separate weights. */
  in_proj: InProjection | null
  /** The updates of the separate projections of q, k and v; null where there is none. */
  q_proj: SideProjection | null
  k_proj: SideProjection | null
  v_proj: SideProjection | null
  /** @param parts for internal use: the tensors and the output projection of the layer given to `fromLayer` */
  constructor(embedDim: number, numHeads: number, options?: LoraAttentionOptions, parts?: AttentionParts)
  /**
   * A LoRA attention over an existing one, whose tensors it uses as `lora.Linear.fromLayer` does.
   * @throws {OptionError} for another kind of layer, or one whose `out_proj` was replaced.
   */
  static fromLayer(layer: PlainAttention, options?: AttentionFromLayerOptions): MultiheadAttention
  /** Whether any projection is merged. */
  get merged(): boolean
  /** Merges all projections. */
  merge(): this
  /** Unmerges all projections. */
  unmerge(): this
  /** Always false: the factors belong to the projections. */
  isFactor(): boolean
  /** Whether a tensor is a weight of the attention that merging changes. */
  isAdapted(tensor: Tensor): boolean
  /** The tensor that a plain checkpoint holds for a key: the merged weight of an adapted projection, otherwise the tensor itself. */
  plainTensor(key: string, tensor: Tensor): Tensor | null
  setOwnTensor(key: string, tensor: Tensor): void
  /** The equivalent plain attention, with merged weights. */
  toPlain(): PlainAttention
  private project
  /** A projection with an update, brought up to date with the attention's current tensors, which may have been replaced. */
  private projection
  private parts
  extraRepr(): string
}
/** The fused projection of q, k and v. The attention lists its weight and bias, under PyTorch's names. */
export declare class InProjection extends MergedLinear {
  /** Projects `x` with the block of q (0), k (1) or v (2) alone. */
  block(i: number, x: Tensor): Tensor
  ownTensors(): Iterable<OwnTensor>
}
/** The projection of q, k or v where each has a separate weight. The attention lists the weight. */
export declare class SideProjection extends Linear {
  ownTensors(): Iterable<OwnTensor>
}
