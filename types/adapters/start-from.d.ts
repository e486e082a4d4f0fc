// Generated from src/adapters/start-from.ts by `npm run api`. Do not edit.

import type { Module } from '../nn/module.js'
/** What was loaded from a file. */
export interface AdapterReport {
  /** Names of the tensors that were loaded. */
  loaded: string[]
  /** Tensors of the head with another shape, as for a task with other labels: they are left unchanged. */
  misshapen: string[]
  /** Names in the file that the model lacks. */
  unexpected: string[]
  /** Low-rank factors and adapters of the model that the file lacks: they are left unchanged. */
  missing: string[]
}
/**
 * Starts from the weights of another task: loads the low-rank factors, adapters, biases and head of a file, by their names. Files of `torch.save` are read, too;
 * those of the original name `roberta.encoder.layer.0.attention.self.query.lora_A` and `classifier.out_proj.weight`.
 *
 * As with `strict=False` it loads what fits, but one warning lists the rest, and it refuses a file of which nothing fits, or one with factors of another
 * rank.
 * @throws {KeyError} for such a file; the model is then unchanged.
 */
export declare function startFrom(model: Module, path: string): Promise<AdapterReport>
