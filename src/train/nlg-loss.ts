// The loss of the paper's NLG example, for training and evaluation.
import { DataLoader } from '../data/loader/index.js'
import { collateNlg } from '../data/nlg/index.js'
import type { NlgBatch, NlgDataset } from '../data/nlg/index.js'
import type { CausalLM } from '../models/shared/causal-lm.js'
import { checkOptions } from '../runtime/check-options.js'
import { checkProbability } from '../runtime/options.js'
import { throwIfAborted } from '../runtime/pace.js'
import { schemas } from '../runtime/tables.js'
import { noGrad } from '../tensor/scope.js'
import type { Tensor } from '../tensor/tensor.js'

/** Up to this value upstream does not smooth. */
const LEAST_SMOOTHING = 1e-4
/** Upstream adds this to the number of targets. */
const DIVISOR_EPS = 1e-4

/**
 * The loss of the NLG example: cross entropy with label smoothing, summed over the targets that count, divided by their number plus 1e-4.
 *
 * It equals the loss of the padded recipe, but neither padding nor the logits of other positions are computed.
 * @param batch at least one of its targets must count.
 * @see microsoft/LoRA `GPT2LMModel.forward`
 */
export function nlgLoss(model: CausalLM, batch: NlgBatch, labelSmoothing = 0): Tensor {
  checkProbability('train.nlgLoss', 'labelSmoothing', labelSmoothing)
  const { inputIds, attentionMask, labels, counted } = batch
  const smoothing = labelSmoothing > LEAST_SMOOTHING ? labelSmoothing : 0
  const { loss } = model.forward(inputIds, { attentionMask, labels, labelSmoothing: smoothing })
  return loss!.mul(counted / (counted + DIVISOR_EPS))
}

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
export async function evaluateNlg(
  model: CausalLM,
  dataset: NlgDataset,
  options: NlgEvaluateOptions = {},
): Promise<NlgEvaluation> {
  checkOptions('train.evaluateNlg', options, schemas.NlgEvaluateOptions)
  const batchSize = options.batchSize ?? 4
  const loader = new DataLoader(dataset, { batchSize, collate: collateNlg })
  const wasTraining = model.training
  let [nats, tokens, losses, batches] = [0, 0, 0, 0]
  try {
    model.eval()
    for (const batch of loader) {
      throwIfAborted(options.signal)
      if (batch.counted === 0) continue
      const loss = noGrad(() => nlgLoss(model, batch))
      const value = await loss.item()
      loss.dispose()
      nats += value * (batch.counted + DIVISOR_EPS)
      tokens += batch.counted
      losses += value
      batches += 1
    }
  } finally {
    model.train(wasTraining)
  }
  const loss = nats / tokens
  return { loss, perplexity: Math.exp(loss), batchLoss: losses / batches, tokens }
}
