// Generated from src/train/classifier.ts by `npm run api`. Do not edit.

import type { EncodedText } from '../data/tables/encode-texts.js'
import type { SequenceClassifier } from './classifier-data.js'
import type { ClassifierMeasured, ClassifierTrainOptions } from './classifier-options.js'
/** How a run of {@link trainClassifier} ended. */
export interface ClassifierTrainResult {
  /** Updates made, those before a resumed start included. */
  step: number
  /** Updates in the whole run. */
  steps: number
  epoch: number
  /** Whether the signal ended it. */
  aborted: boolean
  /** Mean loss of the updates of this call; NaN without any. */
  trainLoss: number
  /** Time of the updates of this call, without evaluations and checkpoints. */
  timeMs: number
  /** Folder of the last checkpoint; null where none are written. */
  checkpoint: string | null
  /** All evaluations, those before a resumed start included. */
  evaluations: ClassifierMeasured[]
}
/**
 * Trains a model to label texts: AdamW with weight decay on all but biases and norms, warm-up and decay of the rate, clipping, evaluations and checkpoints on
 * the way. Defaults are those of transformers.
 *
 * It trains what requires gradients: inject LoRA or adapters and mark what shall be trained before. It runs in a stream of its own whose generator `seed` sets,
 * so the same call gives the same bits; a run that goes on from a checkpoint, too. The event loop stays free.
 *
 * @example
 * const model = await models.AutoModelForSequenceClassification.fromPretrained('roberta-base', { config: { num_labels: 2 } })
 * lora.injectLora(model, { targets: ['query', 'value'], r: 8, loraAlpha: 16 })
 * adapters.trainOnly(model, ['lora', 'head'])
 * const rows = await data.encodeTexts(tokenizer, task.train, { maxLength: 512 })
 * await train.trainClassifier(model, rows, { lr: 4e-4, epochs: 30, batchSize: 16, warmupRatio: 0.06, dir: 'runs/mrpc' })
 * @throws {OptionError} for options out of range, a model without trainable parameters, and labels that it has no output for.
 * @throws {NonFiniteError} when the loss is no number any more; the last checkpoint is still there.
 * @see microsoft/LoRA `run_glue.py`, transformers `Trainer`
 */
export declare function trainClassifier(
  model: SequenceClassifier,
  rows: readonly EncodedText[],
  options?: ClassifierTrainOptions,
): Promise<ClassifierTrainResult>
