// Labels for whole texts and pairs of texts: one class, several at once, or a number.
import type { Row } from '../../data/rows/index.js'
import { padTexts } from '../../data/tables/pad-texts.js'
import { accuracy, f1, macroF1, matthewsCorrelation } from '../../metrics/classification.js'
import { pearson, spearman } from '../../metrics/correlation.js'
import type { Module } from '../../nn/module.js'
import { bad } from '../../runtime/options.js'
import { noGrad } from '../../tensor/scope.js'
import type { Tokenizer } from '../../tokenizer/tokenizer.js'
import { padOptionsOf } from './classifier-data.js'
import type { SequenceClassifier } from './classifier-data.js'
import { answer } from './evaluate-classifier.js'
import { atPlace, noForm, wrongCell } from './columns.js'
import type { Example, StoredExample } from './example-store.js'
import { Labels } from './labels.js'
import type { Encoded, Measured, TaskBatch, TrainTask } from './task.js'

/** The columns of the texts, first match first. */
const TEXTS: readonly (readonly [string, string?])[] = [
  ['sentence1', 'sentence2'],
  ['premise', 'hypothesis'],
  ['text', 'text_pair'],
  ['text'],
  ['sentence'],
]

/** What the task depends on. */
export interface ClassificationSettings {
  model: SequenceClassifier
  tokenizer: Tokenizer | null
  maxLength: number
}

/** The task for rows like the first one. @throws {FormatError} when it has no text or no label. */
export function sequenceClassification(
  first: Row,
  place: string,
  { model, tokenizer, maxLength }: ClassificationSettings,
): TrainTask {
  if (tokenizer === null) throw bad('Trainer', 'tokenizer', 'the tokenizer of the model', null)
  const has = (name: string | undefined) => name === undefined || (first[name] ?? null) !== null
  const columns = TEXTS.find((names) => names.every(has))
  const label = ['label', 'labels'].find(has)
  if (columns === undefined || label === undefined) {
    const expected = `label, and ${TEXTS.map((names) => names.join(' + ')).join(', or ')}`
    throw noForm(first, place, 'a classifier', expected, "{ text: 'mail', label: 'team' }")
  }
  const labels = new Labels(model.config, first[label])
  const pad = padOptionsOf(model)
  const rows = (examples: readonly Example[]) =>
    padTexts(examples.map(({ inputIds, tokenTypeIds }) => ({ inputIds: [...inputIds], tokenTypeIds: [...tokenTypeIds!], label: null })), pad) // prettier-ignore
  const targets = (batch: readonly (readonly number[])[]) =>
    labels.kind === 'several labels' ? batch : batch.map(([value]) => value!)
  return {
    name: 'sequence-classification',
    form: `${columns.join(' + ')}, ${label} (${labels.kind})`,
    trainOn: null,
    async encode(row, at): Promise<Encoded> {
      try {
        const [text, pair] = columns.map((name) => textOf(name!, row[name!]))
        const options = pair === undefined ? {} : { textPair: [pair] }
        const whole = await tokenizer.batchEncodePlus([text!], options)
        const length = whole.inputIds[0]!.length
        const kept = length > maxLength ? await tokenizer.batchEncodePlus([text!], { ...options, truncation: true, maxLength }) : whole // prettier-ignore
        const [inputIds, tokenTypeIds] = [kept.inputIds[0]!, kept.tokenTypeIds[0]!]
        const example = { inputIds, tokenTypeIds, labels: labels.read(label, row[label]) }
        return { example, cut: length - inputIds.length }
      } catch (error) {
        throw atPlace(at, error)
      }
    },
    finish: () => labels.finish(),
    collate(examples: readonly StoredExample[]): TaskBatch {
      const { inputIds, attentionMask, tokenTypeIds } = rows(examples)
      return {
        ...{ rows: examples.map(({ index }) => index), inputIds, attentionMask, tokenTypeIds },
        ...{ labels: examples.map((example) => labels.target(example.labels)), weight: examples.length },
        tokens: examples.reduce((sum, example) => sum + example.inputIds.length, 0),
      }
    },
    loss: (given, batch) => forward(given, batch, targets(batch.labels)).loss!,
    weigh: () => 1,
    async measure(given, batch): Promise<Measured> {
      const { loss, logits } = noGrad(() => forward(given, batch, targets(batch.labels)))
      const [value, values] = [await loss!.item(), (await logits.data()) as ArrayLike<number>]
      const width = logits.shape[1]!
      loss!.dispose()
      logits.dispose()
      const predictions = batch.labels.map((_, i) =>
        labels.kind === 'several labels'
          ? Array.from({ length: width }, (_, k) => (values[i * width + k]! > 0 ? 1 : 0))
          : [answer(values, i * width, width)],
      )
      return { loss: value, weight: batch.weight, predictions, labels: batch.labels.map((each) => [...each]) }
    },
    scores: (measured) => scoresOf(labels, measured),
    labelsOf: (examples) => labels.count(examples),
    show: ({ inputIds, labels: own }) => `${tokenizer.decode(inputIds)} ⟦${labels.show(own)}⟧`,
  }
}

function forward(
  model: Module,
  { inputIds, attentionMask, tokenTypeIds }: TaskBatch,
  labels: TaskBatch['labels'] | number[],
) {
  return (model as SequenceClassifier).forward(inputIds, { attentionMask, tokenTypeIds, labels })
}

/** Of classes accuracy, F1 and, of two, Matthews' correlation; of numbers correlations; of several labels F1 and the share of rows that are all right. */
function scoresOf({ kind, size }: Labels, measured: readonly Measured[]): Record<string, number> {
  const predictions = measured.flatMap((each) => each.predictions!)
  const wanted = measured.flatMap((each) => each.labels!)
  const [first, right] = [predictions.map(([value]) => value!), wanted.map(([value]) => value!)]
  if (kind === 'number')
    return wanted.length < 2 ? {} : { pearson: pearson(first, right), spearmanr: spearman(first, right) }
  if (kind === 'several labels') {
    const same = wanted.filter((row, i) => row.every((value, k) => value === predictions[i]![k])).length
    const columns = Array.from({ length: size }, (_, k) => f1(predictions.map((row) => row[k]!), wanted.map((row) => row[k]!))) // prettier-ignore
    return {
      accuracy: same / wanted.length,
      f1: f1(predictions.flat(), wanted.flat()),
      macroF1: columns.reduce((sum, value) => sum + value, 0) / size,
    }
  }
  const scores = { accuracy: accuracy(first, right), macroF1: macroF1(first, right) }
  if (size !== 2) return scores
  return { ...scores, f1: f1(first, right), matthewsCorrelation: matthewsCorrelation(first, right) }
}

function textOf(name: string, value: unknown): string {
  if (typeof value === 'string') return value
  if (typeof value === 'number') return String(value)
  throw wrongCell(name, 'a text', value)
}
