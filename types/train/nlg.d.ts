// Generated from src/train/nlg.ts by `npm run api`. Do not edit.

import type { NlgDataset } from '../data/nlg/index.js'
import type { CausalLM } from '../models/shared/causal-lm.js'
import type { StepReport } from './loop.js'
import type { NlgEvaluation } from './nlg-loss.js'
import type { NlgTrainSettings } from './nlg-recipe.js'
import type { RunOptions, RunProgress } from './run-options.js'
import type { TrainResult } from './run.js'
/** What {@link trainNlg} reports after each update. */
export interface NlgStepReport extends StepReport {
  /** Tokens of the rows of this update, without padding. */
  tokens: number
}
/** An evaluation during a run. */
export interface NlgMeasured extends RunProgress, NlgEvaluation {}
/** Options of {@link trainNlg}: settings of the recipe, and those of every run. */
export interface NlgTrainOptions extends NlgTrainSettings, RunOptions<NlgMeasured, NlgStepReport> {
  /** Rows to evaluate on. @default none */
  validation?: NlgDataset
  /** When to evaluate, besides at the end: at the end of each epoch, or after every so many updates. @integer @minimum 1 @default 2000 */
  evalSteps?: 'epoch' | 'end' | number
  /** When to write a checkpoint, besides at the end. @integer @minimum 1 @default 1000 */
  saveSteps?: 'epoch' | 'end' | number
  /** Rows in a batch of an evaluation. @integer @minimum 1 @default 4 */
  evalBatchSize?: number
}
/** How a run of {@link trainNlg} ended. */
export type NlgTrainResult = TrainResult<NlgMeasured>
/**
 * Trains a language model as the paper's NLG example does: the loss over the targets of each row with label smoothing, the example's AdamW and
 * schedules, accumulation, clipping, evaluations and checkpoints during the run. Defaults are the settings of the E2E recipe; a run of less than 5000 micro-batches
 * warms up in a tenth of them. A warm-up that is given and takes the whole run is warned of.
 *
 * It trains the parameters that require gradients: call {@link adaptForNlg} first, or mark parameters yourself. It runs in a stream of its own whose
 * generator is seeded with `seed`: the same seed and the same initial weights give the same bits, also when the run was stopped and resumed. The event loop
 * stays free.
 *
 * @example
 * const model = await models.GPT2LMHeadModel.fromPretrained('gpt2', { config: { embd_pdrop: 0, attn_pdrop: 0, resid_pdrop: 0 } })
 * train.adaptForNlg(model, { loraDim: 4, loraAlpha: 32, loraDropout: 0.1 })
 * const dataset = new data.NlgDataset(await data.readEncoded('train.jsonl'), { seqLen: 512 })
 * await train.trainNlg(model, dataset, { dir: 'runs/e2e', saveSteps: 1000, onStep: ({ step, loss }) => console.log(step, loss) })
 * @throws {OptionError} for options out of range, a model without trainable parameters, and rows that do not fit the model.
 * @throws {NonFiniteError} when the loss is no longer finite; the last checkpoint is kept.
 * @see microsoft/LoRA `gpt2_ft.py`. It steps the schedule after every micro-batch, and so does this.
 */
export declare function trainNlg(
  model: CausalLM,
  dataset: NlgDataset,
  options?: NlgTrainOptions,
): Promise<NlgTrainResult>
