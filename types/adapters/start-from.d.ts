// Generated from src/adapters/start-from.ts by `npm run api`. Do not edit.

import type { Module } from '../nn/module.js'
/** What came of a file. */
export interface AdapterReport {
  /** Names of the tensors that were taken. */
  loaded: string[]
  /** Tensors of the head that have another shape here, as of a task with other labels: they stay as they were. */
  misshapen: string[]
  /** Names in the file that the model lacks. */
  unexpected: string[]
  /** Low-rank factors and adapters of the model that the file lacks: they stay as they were. */
  missing: string[]
}
/**
 * Begins with what another task has learned: the low-rank factors, adapters, biases and head in a file, by their names. It is read as it is, a file of
 * `torch.save` too; those of the original name `roberta.encoder.layer.0.attention.self.query.lora_A` and `classifier.out_proj.weight`.
 *
 * As `strict=False` it takes what fits, but it says what it left out, with one warning; and it refuses what cannot be meant: a file of which nothing fits, or
 * one with factors of another rank.
 * @throws {KeyError} for such a file; the model is then unchanged.
 */
export declare function startFrom(model: Module, path: string): Promise<AdapterReport>
