// Generated from src/adapters/train-only.ts by `npm run api`. Do not edit.

import type { Module } from '../nn/module.js'
/** What may be trained: low-rank factors, bottleneck adapters, all biases (BitFit, Zaken et al. 2022), the head, or everything. */
export type TrainablePart = 'lora' | 'adapters' | 'biases' | 'head' | 'all'
/**
 * Makes the parts named trainable and freezes everything else. Parts combine as one likes.
 *
 * It goes by what a parameter is and not by letters in its name: `biases` are all parameters called `bias`, those of norms too; `head` is what stands outside of
 * the model that reads the tokens, with that model's pooler.
 * @example
 * adapters.trainOnly(model, ['lora', 'head'])       // LoRA
 * adapters.trainOnly(model, ['biases', 'head'])     // BitFit
 * adapters.trainOnly(model, ['all'])                // full fine-tuning
 * @throws {OptionError} when the model has none of a part; nothing is changed then.
 */
export declare function trainOnly(model: Module, parts: readonly TrainablePart[]): void
/** Names of the parameters of the head: of all that stands outside of the model that reads the tokens, and of that model's pooler. */
export declare function headNames(model: Module): string[]
