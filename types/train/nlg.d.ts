// Generated from src/train/nlg.ts by `npm run api`. Do not edit.

import { NlgDataset } from '../data/nlg/index.js'
import type { CausalLM } from '../models/shared/causal-lm.js'
import type { StepReport } from './loop.js'
import type { NlgEvaluation } from './nlg-loss.js'
import type { NlgTrainSettings } from './nlg-recipe.js'
/** What a run of {@link trainNlg} tells after each update. */
export interface NlgStepReport extends StepReport {
  /** Tokens of the rows of this update, without padding. */
  tokens: number
}
/** A measurement on the way. */
export interface NlgMeasured extends NlgEvaluation {
  /** Updates before it. */
  step: number
}
/** Options of {@link trainNlg}: settings of the recipe, and where the run goes. */
export interface NlgTrainOptions extends NlgTrainSettings {
  /** Folder for checkpoints: trained parameters (of LoRA the adapter alone), optimizer, place in the data. @default none are written */
  dir?: string
  /** Updates between two checkpoints; one is written at the end, too. @default 1000 */
  saveInterval?: number
  /** Checkpoints that are kept, the newest ones. @default all */
  keep?: number
  /** Go on from the newest checkpoint in `dir`, with the same bits as a run that was never stopped. Without one it begins anew. @default false */
  resume?: boolean
  /** Rows to measure on. @default none */
  validation?: NlgDataset
  /** Updates between two measurements; there is one at the end, too. @default 2000 */
  evalInterval?: number
  /** Rows measured at once. @default 4 */
  evalBatchSize?: number
  /**
   * Ends the run after the update under way: a checkpoint is written, and the result says `aborted`. A measurement under way is given up.
   */
  signal?: AbortSignal | undefined
  /** Called after each update; the run waits for what it returns. */
  onStep?: (report: NlgStepReport) => void | Promise<void>
  /** Called after each measurement. */
  onEvaluation?: (measured: NlgMeasured) => void | Promise<void>
  /** Called after each checkpoint, with its folder. */
  onSave?: (path: string, step: number) => void | Promise<void>
}
/** How a run of {@link trainNlg} ended. */
export interface NlgTrainResult {
  /** Updates made, those before a resumed start included. */
  step: number
  /** Updates in the whole run. */
  steps: number
  /** Whether the signal ended it. */
  aborted: boolean
  /** Folder of the last checkpoint; null where none are written. */
  checkpoint: string | null
  /** All measurements, those before a resumed start included. */
  evaluations: NlgMeasured[]
  /** The one with the lowest loss; null without any. */
  best: NlgMeasured | null
}
/**
 * Trains a language model as the paper's NLG example does: the loss over the targets of each row with label smoothing, the example's AdamW and
 * schedules, accumulation, clipping, measurements and checkpoints on the way. Settings that are not given are those of the E2E recipe.
 *
 * What it trains is what requires gradients: call {@link adaptForNlg} before, or mark parameters yourself. It runs in a stream of its own, from whose
 * generator dropout draws: the same seed and the same start give the same bits, also when the run was stopped and resumed. The event loop stays free.
 *
 * @example
 * const model = await models.GPT2LMHeadModel.fromPretrained('gpt2', { config: { embd_pdrop: 0, attn_pdrop: 0, resid_pdrop: 0 } })
 * train.adaptForNlg(model, { loraDim: 4, loraAlpha: 32, loraDropout: 0.1 })
 * const dataset = new data.NlgDataset(await data.readEncoded('train.jsonl'), { seqLen: 512 })
 * await train.trainNlg(model, dataset, { dir: 'runs/e2e', saveInterval: 1000, onStep: ({ step, loss }) => console.log(step, loss) })
 * @throws {OptionError} for options out of range, a model without trainable parameters, and rows that do not fit the model.
 * @throws {NonFiniteError} when the loss is no number any more; the last checkpoint is still there.
 * @see microsoft/LoRA `gpt2_ft.py`. It steps the schedule after every micro-batch, and so does this.
 */
export declare function trainNlg(
  model: CausalLM,
  dataset: NlgDataset,
  options?: NlgTrainOptions,
): Promise<NlgTrainResult>
