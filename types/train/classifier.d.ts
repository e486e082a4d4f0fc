// Generated from src/train/classifier.ts by `npm run api`. Do not edit.

import type { EncodedText } from '../data/tables/encode-texts.js'
import type { SequenceClassifier } from './tasks/classifier-data.js'
import type { ClassifierMeasured, ClassifierTrainOptions } from './classifier-options.js'
import type { TrainResult } from './run.js'
/** How a run of {@link trainClassifier} ended. */
export type ClassifierTrainResult = TrainResult<ClassifierMeasured>
/**
 * Trains a model to label texts: AdamW with weight decay on all but biases and norms, warm-up and decay of the rate, clipping, evaluations and checkpoints
 * during the run. Defaults are those of transformers. A warm-up that takes the whole run is warned of.
 *
 * It trains the parameters that require gradients: inject LoRA or adapters and mark parameters first. It runs in a stream of its own whose generator is seeded
 * with `seed`, so the same call gives the same bits, also when it resumes from a checkpoint. The event loop stays free.
 *
 * @example
 * const model = await models.AutoModelForSequenceClassification.fromPretrained('roberta-base', { config: { num_labels: 2 } })
 * lora.injectLora(model, { targets: ['query', 'value'], r: 8, loraAlpha: 16 })
 * adapters.trainOnly(model, ['lora', 'head'])
 * const rows = await data.encodeTexts(tokenizer, task.train, { maxLength: 512 })
 * await train.trainClassifier(model, rows, { lr: 4e-4, epochs: 30, batchSize: 16, warmupRatio: 0.06, dir: 'runs/mrpc' })
 * @throws {OptionError} for options out of range, a model without trainable parameters, and labels that the model has no output for.
 * @throws {NonFiniteError} when the loss is no longer finite; the last checkpoint is kept.
 * @see microsoft/LoRA `run_glue.py`, transformers `Trainer`
 */
export declare function trainClassifier(
  model: SequenceClassifier,
  rows: readonly EncodedText[],
  options?: ClassifierTrainOptions,
): Promise<ClassifierTrainResult>
