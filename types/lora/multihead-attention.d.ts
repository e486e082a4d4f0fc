// Generated from src/lora/multihead-attention.ts by `npm run api`. Do not edit.

import { MultiheadAttention as PlainAttention } from '../nn/multihead-attention.js'
import type { AttentionParts, MultiheadAttentionOptions } from '../nn/multihead-attention.js'
import type { OwnTensor } from '../nn/module.js'
import type { Tensor } from '../tensor/tensor.js'
import type { Adapter } from './adapter.js'
import { Linear } from './linear.js'
import type { DenseFromLayerOptions } from './linear.js'
import { MergedLinear } from './merged-linear.js'
/** Options of the updates of a {@link MultiheadAttention}. */
export interface AttentionFromLayerOptions extends DenseFromLayerOptions {
  /**
   * Which of the projections q, k and v get an update. @minItems 3 @maxItems 3 @default [true, true, true]
   * @expected three of true and false, for q, k and v
   */
  enableLora?: readonly boolean[]
  /** Whether the projection of the result gets one. @default true */
  out?: boolean
}
/** Options of {@link MultiheadAttention}. */
export interface LoraAttentionOptions extends AttentionFromLayerOptions, MultiheadAttentionOptions {}
/**
 * `nn.MultiheadAttention` with low-rank updates on its projections: those of q, k and v that `enableLora` names, and that of the result.
 *
 * Shapes, masks and the keys of the base as there, so PyTorch's checkpoints load by name. The factors are `in_proj.lora_A (r·g, C)` and
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
  readonly r: number
  readonly enableLora: readonly boolean[]
  /** The update of q, k and v; null when none is enabled, or when they have weights of their own. */
  in_proj: InProjection | null
  q_proj: SideProjection | null
  k_proj: SideProjection | null
  v_proj: SideProjection | null
  /** @param parts for internal use: what `fromLayer` takes over */
  constructor(embedDim: number, numHeads: number, options?: LoraAttentionOptions, parts?: AttentionParts)
  /**
   * A LoRA attention over an existing one, whose tensors it takes over, as `lora.Linear.fromLayer` does.
   * @throws {OptionError} for another kind of layer, or one whose `out_proj` was replaced.
   */
  static fromLayer(layer: PlainAttention, options?: AttentionFromLayerOptions): MultiheadAttention
  get merged(): boolean
  merge(): this
  unmerge(): this
  /** None of its own: its projections list them. */
  isFactor(): boolean
  isAdapted(tensor: Tensor): boolean
  plainTensor(key: string, tensor: Tensor): Tensor | null
  setOwnTensor(key: string, tensor: Tensor): void
  toPlain(): PlainAttention
  private one
  /** A projection with an update, over the tensors that stand in the attention now: somebody may have put others there. */
  private projection
  private parts
  extraRepr(): string
}
/** The projections of q, k and v in one. Its weight and bias are listed by the attention, under PyTorch's names. */
export declare class InProjection extends MergedLinear {
  /** The projection of q (0), k (1) or v (2) alone. */
  block(i: number, x: Tensor): Tensor
  ownTensors(): Iterable<OwnTensor>
}
/** The projection of q, k or v where each has a weight of its own. The attention lists the weight. */
export declare class SideProjection extends Linear {
  ownTensors(): Iterable<OwnTensor>
}
