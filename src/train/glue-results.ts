// The result files of a run, as the original script writes them.
import { join } from 'node:path'
import { writeText } from '../io/write-text.js'
import type { ClassifierMeasured } from './classifier-options.js'

/**
 * Writes `eval_results_TASK.json`, the scores of an evaluation under the names that transformers gives them: `eval_loss`, `eval_accuracy`, …, `eval_samples`,
 * `eval_runtime` in seconds, `epoch`. MNLI's second set is named `mnli-mm` and so has a file of its own.
 * @returns the path.
 */
export async function writeEvalResults(dir: string, measured: ClassifierMeasured): Promise<string> {
  const { name, epoch, loss, scores, samples, timeMs } = measured
  const named = Object.fromEntries(
    Object.entries(scores).map(([score, value]) => [`eval_${score === 'combined' ? 'combined_score' : score}`, value]),
  )
  const seconds = timeMs / 1000
  const results = {
    epoch,
    eval_loss: loss,
    ...named,
    eval_runtime: seconds,
    eval_samples: samples,
    eval_samples_per_second: samples / seconds,
  }
  return write(dir, `eval_results_${name}.json`, `${JSON.stringify(results, null, 2)}\n`)
}

/**
 * Writes `test_results_TASK.txt`: a line `index<tab>prediction` for each row, with the names of classes, or with three decimals for a regression
 * (`labels` null).
 * @returns the path.
 */
export async function writeTestResults(
  dir: string,
  name: string,
  predictions: readonly number[],
  labels: readonly string[] | null,
): Promise<string> {
  const lines = predictions.map((value, i) => `${i}\t${labels === null ? value.toFixed(3) : labels[value]}`)
  return write(dir, `test_results_${name}.txt`, `${['index\tprediction', ...lines].join('\n')}\n`)
}

async function write(dir: string, name: string, text: string): Promise<string> {
  const path = join(dir, name)
  await writeText(path, text)
  return path
}
