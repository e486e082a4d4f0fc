// Generated from src/optim/decay-groups.ts by `npm run api`. Do not edit.

import type { Module } from '../nn/module.js'
import type { Tensor } from '../tensor/tensor.js'
/**
 * The trainable parameters of a model as groups for an optimizer: biases and the parameters of normalization layers without weight decay, all others
 * with it. A tied parameter is listed once; an empty group is left out.
 * @example
 * const optimizer = new optim.AdamW(optim.decayGroups(model, 0.1), { lr: 5e-4 })
 * @see transformers `Trainer.create_optimizer`: the same groups.
 */
export declare function decayGroups(
  model: Module,
  weightDecay: number,
): {
  params: Tensor[]
  weightDecay: number
}[]
