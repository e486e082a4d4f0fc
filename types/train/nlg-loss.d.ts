// Generated from src/train/nlg-loss.ts by `npm run api`. Do not edit.

import type { NlgBatch, NlgDataset } from '../data/nlg/index.js'
import type { CausalLM } from '../models/shared/causal-lm.js'
import type { Tensor } from '../tensor/tensor.js'
/**
 * The loss of the NLG example: cross entropy with label smoothing, summed over the targets that count, divided by their number plus 1e-4.
 *
 * It equals the loss of the padded recipe, but neither padding nor the logits of other positions are computed.
 * @param batch at least one of its targets must count.
 * @see microsoft/LoRA `GPT2LMModel.forward`
 */
export declare function nlgLoss(model: CausalLM, batch: NlgBatch, labelSmoothing?: number): Tensor
/** What {@link evaluateNlg} measures. */
export interface NlgEvaluation {
  /** Mean cross entropy of all targets together, in nats, without smoothing. */
  loss: number
  /** `e^loss`. */
  perplexity: number
  /** Mean of the losses of the batches, which the original script prints; it depends on `batchSize`. */
  batchLoss: number
  /** Number of targets. */
  tokens: number
}
/** Options of {@link evaluateNlg}. */
export interface NlgEvaluateOptions {
  /** Rows in a batch. @integer @minimum 1 @default 4 */
  batchSize?: number
  /** Stops before the next batch; the promise rejects with an `AbortedError` whose cause is the signal's reason. @default none */
  signal?: AbortSignal | undefined
}
/**
 * The loss and the perplexity of a model on a data set. The model is in evaluation mode meanwhile and in its own mode afterwards.
 * @throws {OptionError} for options out of range.
 */
export declare function evaluateNlg(
  model: CausalLM,
  dataset: NlgDataset,
  options?: NlgEvaluateOptions,
): Promise<NlgEvaluation>
