// The predictions of a classifier on rows, and their scores.
import { checkOptions } from '../../runtime/check-options.js'
import { schemas } from '../../runtime/tables.js'
import { setImmediate } from 'node:timers/promises'
import type { EncodedText } from '../../data/tables/encode-texts.js'
import { padTexts } from '../../data/tables/pad-texts.js'
import { throwIfAborted } from '../../runtime/pace.js'
import { noGrad } from '../../tensor/scope.js'
import { checkRows, padOptionsOf } from './classifier-data.js'
import type { SequenceClassifier } from './classifier-data.js'

/** Scores of predictions against labels, by name. */
export type ClassifierMetrics = (predictions: number[], labels: number[]) => Record<string, number>

/** Options of {@link predictClassifier} and {@link evaluateClassifier}. */
export interface ClassifierEvaluateOptions {
  /** Rows in a batch. @integer @minimum 1 @default 32 */
  batchSize?: number
  /** Stops before the next batch; the promise rejects with an `AbortedError` whose cause is the signal's reason. @default none */
  signal?: AbortSignal | undefined
  /** Called after each batch with the rows done so far. @default none */
  onProgress?: (rows: number) => void
}

/** The result of an evaluation. */
export interface ClassifierEvaluation {
  /** Mean loss of the rows. */
  loss: number
  /** Scores by name. */
  scores: Record<string, number>
  /** Predicted classes, or predicted numbers of a regression, in the order of the rows. */
  predictions: number[]
  samples: number
  timeMs: number
}

/**
 * The class of each row, or the number that a regression predicts, in the order of the rows. The model is in evaluation mode meanwhile and in its own
 * mode afterwards.
 */
export async function predictClassifier(
  model: SequenceClassifier,
  rows: readonly EncodedText[],
  options: ClassifierEvaluateOptions = {},
): Promise<number[]> {
  const unlabelled = rows.map((row) => ({ ...row, label: null }))
  return (await run('train.predictClassifier', model, unlabelled, options)).predictions
}

/** The mean loss on rows, and the scores of the model's predictions. */
export async function evaluateClassifier(
  model: SequenceClassifier,
  rows: readonly EncodedText[],
  metrics: ClassifierMetrics,
  options: ClassifierEvaluateOptions = {},
): Promise<ClassifierEvaluation> {
  const owner = 'train.evaluateClassifier'
  checkRows(owner, rows, model)
  const start = performance.now()
  const { loss, predictions } = await run(owner, model, rows, options)
  const labels = rows.map(({ label }) => label!)
  const scores = metrics(predictions, labels)
  return { loss, scores, predictions, samples: rows.length, timeMs: performance.now() - start }
}

async function run(
  owner: string,
  model: SequenceClassifier,
  rows: readonly EncodedText[],
  options: ClassifierEvaluateOptions,
): Promise<{ loss: number; predictions: number[] }> {
  checkOptions(owner, options, schemas.ClassifierEvaluateOptions)
  const batchSize = options.batchSize ?? 32
  const pad = padOptionsOf(model)
  const predictions = new Array<number>(rows.length)
  let [sum, done] = [0, 0]
  const mode = model.training
  model.eval()
  try {
    for (const indices of byLength(rows, batchSize)) {
      throwIfAborted(options.signal)
      const { inputIds, labels, ...rest } = padTexts(
        indices.map((i) => rows[i]!),
        pad,
      )
      const { loss, logits } = noGrad(() => model.forward(inputIds, { ...rest, labels }))
      const outputs = logits.shape[1]!
      const values = (await logits.data()) as ArrayLike<number>
      if (loss) sum += (await loss.item()) * indices.length
      indices.forEach((index, i) => (predictions[index] = answer(values, i * outputs, outputs)))
      logits.dispose()
      loss?.dispose()
      options.onProgress?.((done += indices.length))
      await setImmediate()
    }
  } finally {
    model.train(mode)
  }
  return { loss: sum / rows.length, predictions }
}

/** The index of the largest of several outputs, or the value of the only one. */
export function answer(values: ArrayLike<number>, start: number, outputs: number): number {
  if (outputs === 1) return Number(values[start])
  let best = 0
  for (let i = 1; i < outputs; i++) if (values[start + i]! > values[start + best]!) best = i
  return best
}

/** Batches of rows of similar length, which need little padding. */
function byLength(rows: readonly EncodedText[], batchSize: number): number[][] {
  const order = rows.map((_, i) => i).sort((a, b) => rows[b]!.inputIds.length - rows[a]!.inputIds.length)
  const batches: number[][] = []
  for (let start = 0; start < order.length; start += batchSize) batches.push(order.slice(start, start + batchSize))
  return batches
}
