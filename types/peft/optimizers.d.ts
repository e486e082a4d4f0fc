// Generated from src/peft/optimizers.ts by `npm run api`. Do not edit.

import type { NamedAdapter } from '../lora/named-adapter.js'
import type { Module } from '../nn/module.js'
import { NlgAdamW } from '../optim/nlg-adamw.js'
import type { Batch } from '../optim/optimizer.js'
import type { Tensor } from '../tensor/tensor.js'
/** Options of {@link loraPlusParamGroups}. */
export interface LoraPlusOptions {
  /** The learning rate of A, and of all that is no factor. @default none: it is needed */
  lr: number
  /** How much larger the rate of B is, 1 or more. @default none: it is needed */
  loraplusLrRatio: number
  /** The rate of the factors of embeddings. @minimum 0 @default 1e-6 */
  loraplusLrEmbedding?: number
  /** The weight decay of all but biases and norms. @minimum 0 @default 0 */
  loraplusWeightDecay?: number
}
/** A group of LoRA+, for any optimizer. */
export interface LoraPlusGroup {
  params: Tensor[]
  lr: number
  weightDecay: number
}
/**
 * The parameters that train, in the groups of LoRA+ (Hayou et al. 2024): B learns at a larger rate than A. Empty groups are left out.
 * @example
 * const groups = lora.peft.loraPlusParamGroups(model, { lr: 1e-4, loraplusLrRatio: 16 })
 * const optimizer = new lora.optim.AdamW(groups, { lr: 1e-4 })
 * @see peft `create_loraplus_optimizer`: the same groups, rates and decay
 */
export declare function loraPlusParamGroups(model: Module, options: LoraPlusOptions): LoraPlusGroup[]
/** Options of {@link createLoraFaOptimizer}. */
export interface LoraFaOptions {
  /** Learning rate. @minimum 0 @default 1e-3 */
  lr?: number
  /** Decay rates of the moments. @default [0.9, 0.999] */
  betas?: readonly [number, number]
  /** Added to the root of the second moment. @minimum 0 @default 1e-6 */
  eps?: number
  /** Share of a parameter that each update takes off it, times `lr`. @minimum 0 @default 0 */
  weightDecay?: number
  /** Correct the moments of the first steps. @default true */
  correctBias?: boolean
}
/**
 * The optimizer of LoRA-FA (Zhang et al. 2023): A is frozen, and the gradient of B becomes `g (A Aᵀ)⁻¹ / s²`, whose step is the nearest to that of the full weight. The rest is AdamW with
 * decay after the step, as in PEFT. A frozen A needs no gradient, so its layer keeps only `x Aᵀ` for backward.
 * @example
 * const optimizer = lora.peft.createLoraFaOptimizer(model, { lr: 2e-4 })
 * @throws {UnsupportedError} for an adapter of an embedding, whose A starts at zero: frozen, it would learn nothing.
 * @see peft `create_lorafa_optimizer`: rank, alpha and rsLoRA are those of each layer
 */
export declare function createLoraFaOptimizer(model: Module, options?: LoraFaOptions): LoraFa
/** {@link createLoraFaOptimizer} makes it. */
export declare class LoraFa extends NlgAdamW {
  private readonly pairs
  /** (A Aᵀ)⁻¹ / s² by B, and what it was computed from. */
  private readonly inverses
  constructor(params: Tensor[], options: LoraFaOptions, pairs: ReadonlyMap<Tensor, NamedAdapter>)
  protected update(batches: readonly Batch<never>[]): void
  private projected
  private inverse
}
