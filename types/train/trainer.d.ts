// Generated from src/train/trainer.ts by `npm run api`. Do not edit.

import { Module } from '../nn/module.js'
import type { DataReport } from './data-report.js'
import type { TrainerOptions } from './trainer-config.js'
import type { TrainerEvent, TrainerResult } from './trainer-events.js'
/**
 * Trains a model on rows: it finds the task from the model and the columns, reads and encodes all rows once, adds a LoRA adapter where the model has none, and
 * makes updates with evaluations and checkpoints in between. The same seed gives the same bits, also when the run was stopped and resumed.
 *
 * @example
 * const model = await models.AutoModelForCausalLM.fromPretrained('models/base')
 * const tokenizer = await tokenizers.Tokenizer.fromPretrained('models/base')
 * const trainer = new train.Trainer({ model, tokenizer, data: 'rows.jsonl', config: { epochs: 1, dir: 'runs/first' } })
 * for await (const event of trainer.events()) if (event.type === 'step') console.log(event.step, event.loss)
 * await trainer.saveModel('adapter')
 * @see transformers `Trainer`, trl `SFTTrainer`
 */
export declare class Trainer<M extends Module = Module> {
  private readonly config
  private readonly data
  private readonly options
  private readonly bus
  private readonly ended
  private trained
  private prepared
  private running
  private gate
  constructor(options: TrainerOptions<M>)
  /** The model that is trained: the given one, or from the first update on one with an adapter around it, a `PeftModel`. */
  get model(): Module
  /** Reads and encodes the rows, if that is not done. @returns what they look like @throws {FormatError} naming file and line of a row that does not fit. */
  prepare(): Promise<DataReport>
  /** Trains; a second call gives the same result. @throws {NonFiniteError} naming the step and its rows; the model keeps the weights of the update before. */
  train(): Promise<TrainerResult>
  /** Trains, if that has not begun, and yields what happens from now on. The run ends after the update in progress when the loop is left. */
  events(): AsyncGenerator<TrainerEvent, void, void>
  /** Halts the run between two updates, until {@link resume}. */
  pause(): void
  /** Goes on after {@link pause}. */
  resume(): void
  /** Ends the run after the update in progress, with a checkpoint. */
  stop(): void
  /** Writes the adapter in PEFT's form, or the whole model where it has none. */
  saveModel(dir: string): Promise<void>
  private get signal()
  private rows
  private get maxLength()
  private taskOf
  private run
  private runOn
  private evaluate
  private loadWeights
}
