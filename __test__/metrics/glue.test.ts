// Scores of the GLUE tasks against scikit-learn 1.9.1 and scipy 1.17.1 (matthews_corrcoef, accuracy_score, f1_score, pearsonr, spearmanr).
import test from 'ava'
import { OptionError, metrics } from 'loralib'
import { caught } from '../support/errors.js'

const PREDICTED = [1, 0, 1, 1, 0, 0, 1, 0, 1, 1]
const LABELS = [1, 0, 0, 1, 1, 0, 1, 0, 0, 1]
const SCORES = [2.5, 0.1, 3.75, 3.75, 1.25, 5.2, -0.3, 4]
const TRUTHS = [2, 0, 4, 3.5, 1, 5, 1, 4]

function near(t: { true(value: boolean, message: string): void }, got: object, want: Record<string, number>): void {
  for (const [name, value] of Object.entries(want)) {
    const found = (got as Record<string, number>)[name]!
    t.true(Math.abs(found - value) <= 1e-12, `${name}: ${found}, ${value}`)
  }
}

test('glue: cola is Matthews', (t) => {
  near(t, metrics.glue('cola', PREDICTED, LABELS), { matthews_correlation: 0.408248290463863 })
  t.is(metrics.matthewsCorrelation([1, 1, 1], [0, 1, 0]), 0)
  t.is(metrics.matthewsCorrelation([0, 1], [1, 0]), -1)
  near(t, { three: metrics.matthewsCorrelation([0, 1, 2, 2, 1, 0], [0, 2, 2, 2, 1, 1]) }, { three: 0.5222329678670935 })
})

for (const task of ['mrpc', 'qqp'] as const) {
  test(`glue: ${task} is accuracy, F1 and their mean`, (t) => {
    const got = metrics.glue(task, PREDICTED, Uint8Array.from(LABELS))
    t.deepEqual(Object.keys(got), ['accuracy', 'f1', 'combined'])
    near(t, got, { accuracy: 0.7, f1: 8 / 11, combined: (0.7 + 8 / 11) / 2 })
    t.is(metrics.f1([0, 0], [0, 0]), 0)
    t.is(metrics.f1([0, 0], [1, 0]), 0)
  })
}

test('glue: stsb is Pearson, Spearman and their mean', (t) => {
  near(t, metrics.glue('stsb', Float32Array.from([1, 1, 2, 2, 3, 3, 3, 4]), [0, 1, 1, 2, 2, 5, 4, 4]), {
    pearson: 0.8285714285714285,
    spearmanr: 0.8492077756084468,
    combined: 0.8388896020899377,
  })
  near(t, metrics.glue('stsb', SCORES, TRUTHS), { pearson: 0.9619810754076622, spearmanr: 0.9394111922831737 })
  t.is(metrics.pearson([1, 1, 1], [1, 2, 3]), NaN)
  t.is(metrics.spearman([1, 2, 3], [0.1, 0.1, 0.1]), NaN)
  t.is(metrics.spearman([1, NaN, 3], [1, 2, 3]), NaN)
  t.is(metrics.pearson([0.5, 2.5], [4, 1]), -1)
})

for (const task of ['sst2', 'mnli', 'mnli_matched', 'mnli_mismatched', 'qnli', 'rte', 'wnli'] as const) {
  test(`glue: ${task} is accuracy alone`, (t) => {
    t.deepEqual(metrics.glue(task, [2, 1, 0, 1], [2, 1, 1, 1]), { accuracy: 0.75 })
  })
}

test('glue: every task has scores', (t) => {
  for (const task of metrics.GLUE_TASKS) t.true(Object.keys(metrics.glue(task, [0, 1, 1], [0, 1, 0])).length > 0, task)
})

test('glue: wrong inputs are refused with their position', async (t) => {
  const wrong: [() => unknown, RegExp][] = [
    [() => metrics.glue('sst-2' as never, [1], [1]), /sst2/],
    [() => metrics.glue('rte', [1], [1, 0]), /1 predictions, 2 labels/],
    [() => metrics.glue('rte', [], []), /at least one/],
    [() => metrics.glue('rte', [0.5, 1], [1, 0]), /predictions\[0\]/],
    [() => metrics.glue('mrpc', [1, 0], [1, 2]), /labels\[1\].*0 or 1/],
    [() => metrics.glue('stsb', [1], [1]), /two rows or more/],
    [() => metrics.accuracy(['a'] as never, [1]), /predictions\[0\]/],
    [() => metrics.accuracy(null as never, [1]), /predictions/],
  ]
  for (const [run, pattern] of wrong) {
    const { error } = await caught(run)
    t.true(error instanceof OptionError, String(error))
    t.regex((error as Error).message, pattern)
  }
})
