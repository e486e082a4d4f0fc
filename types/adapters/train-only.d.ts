// Generated from src/adapters/train-only.ts by `npm run api`. Do not edit.

import type { Module } from '../nn/module.js'
/** What may be trained: low-rank factors, bottleneck adapters, all biases (BitFit, Zaken et al. 2022), the head, or everything. */
export type TrainablePart = 'lora' | 'adapters' | 'biases' | 'head' | 'all'
/**
 * Makes the named parts trainable and freezes everything else. Parts can be combined freely.
 *
 * `biases` are all parameters called `bias`, those of norms included; `head` is everything outside of the base model (the one with the token embedding), and that
 * model's pooler.
 * @example
 * adapters.trainOnly(model, ['lora', 'head'])       // LoRA
 * adapters.trainOnly(model, ['biases', 'head'])     // BitFit
 * adapters.trainOnly(model, ['all'])                // full fine-tuning
 * @throws {OptionError} when the model has no parameter of a part; nothing is changed then.
 */
export declare function trainOnly(model: Module, parts: readonly TrainablePart[]): void
/** Names of the parameters of the head: everything outside of the base model (the one with the token embedding), and that model's pooler. */
export declare function headNames(model: Module): string[]
