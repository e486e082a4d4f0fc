// The labels of whole sequences, and the losses on them.
import { OptionError } from '../../errors.js'
import { tensor } from '../../tensor/make.js'
import { binaryCrossEntropyWithLogits } from '../../nn/functional/binary-losses.js'
import { crossEntropy, mseLoss } from '../../nn/functional/losses.js'
import { bad, show } from '../../runtime/options.js'
import { Tensor } from '../../tensor/tensor.js'
import { idsScratch, rowLength } from '../../generation/ids.js'
import { checkClasses } from './classes.js'
import type { LabelsConfig, ProblemType } from './labels-config.js'

/**
 * Labels of a batch: classes (B) as integers, or numbers (B) for a model with one output; a row of numbers for each sequence, (B, num_labels), when
 * several labels may apply at once or several numbers are predicted.
 */
export type SequenceLabels = Tensor | readonly number[] | readonly (readonly number[])[]

/** The output of a sequence classifier; `Loss` is a tensor after a forward with labels. */
export interface SequenceClassifierOutput<Loss extends Tensor | null = Tensor | null> {
  /** Loss on the labels, `()`; null without labels. */
  loss: Loss
  /** Scores before softmax or sigmoid, or the predicted numbers, (B, num_labels). */
  logits: Tensor
  /** Embeddings, then the output of each layer; null unless asked for. */
  hiddenStates: Tensor[] | null
}

/**
 * The loss of `problem_type`: mean squared error, cross entropy (classes of −100 are ignored), or binary cross entropy per label; all
 * means. Without a `problem_type`, the labels decide, as in transformers: one output is a regression, integers are classes, other
 * numbers are several labels at once.
 *
 * Shapes: `logits (B, N)` → `()`.
 * @throws {OptionError} when the labels do not fit. @throws {IndexError} for a class that does not exist.
 */
export function sequenceLoss(owner: string, logits: Tensor, labels: SequenceLabels, config: LabelsConfig): Tensor {
  const problem = config.problem_type ?? problemOf(owner, labels, config.num_labels)
  const [B = 0, N = 1] = logits.shape
  if (problem === 'single_label_classification') return crossEntropy(logits, classesOf(owner, labels, B, N))
  const targets = numbersOf(owner, labels, B, N).to(logits.dtype)
  return problem === 'regression' ? mseLoss(logits, targets) : binaryCrossEntropyWithLogits(logits, targets)
}

function problemOf(owner: string, labels: SequenceLabels, outputs: number): ProblemType {
  if (outputs === 1) return 'regression'
  if (!(labels instanceof Tensor))
    return Array.isArray(labels[0]) ? 'multi_label_classification' : 'single_label_classification'
  if (labels.dtype === 'i64' || labels.dtype === 'u8') return 'single_label_classification'
  if (labels.ndim === 2) return 'multi_label_classification'
  throw bad(
    owner,
    'labels',
    `integers (B) for one class of ${outputs}, or numbers (B, ${outputs})`,
    labels,
    `pass an array of numbers, or lora.tensor(classes, { dtype: 'i64' })`,
  )
}

/** Classes, (B) i64. */
function classesOf(owner: string, labels: SequenceLabels, B: number, N: number): Tensor {
  if (labels instanceof Tensor) {
    if (labels.numel !== B || labels.dtype !== 'i64') throw misfit(owner, `${B} classes, (${B}) i64`, show(labels))
    return labels.reshape([B])
  }
  if (labels.length !== B || Array.isArray(labels[0]))
    throw misfit(owner, `${B} classes, a whole number for each row`, describe(owner, labels))
  const classes = labels as readonly number[]
  checkClasses(owner, classes, N, 'rows')
  return tensor(fill(classes), { dtype: 'i64' })
}

/** Numbers, (B, N). */
function numbersOf(owner: string, labels: SequenceLabels, B: number, N: number): Tensor {
  const expected = N === 1 ? `${B} numbers, one for each row` : `(${B}, ${N}), ${N} numbers for each row`
  if (labels instanceof Tensor) {
    const fits = (labels.ndim === 1 && N === 1) || (labels.ndim === 2 && labels.shape[1] === N)
    if (!fits || labels.shape[0] !== B) throw misfit(owner, expected, show(labels))
    return labels.reshape([B, N])
  }
  const rows = (Array.isArray(labels[0]) ? labels : labels.map((label) => [label as number])) as readonly number[][]
  if (rows.length !== B || rowLength(owner, 'labels', rows) !== N)
    throw misfit(owner, expected, describe(owner, labels))
  return tensor(fill(rows.flat()), { shape: [B, N], dtype: 'f64' })
}

function fill(values: readonly number[]): Float64Array {
  const flat = idsScratch.take(values.length).subarray(0, values.length)
  flat.set(values)
  return flat
}

function describe(owner: string, labels: readonly number[] | readonly (readonly number[])[]): string {
  if (!Array.isArray(labels[0])) return `${labels.length} numbers`
  return `${labels.length} rows of ${rowLength(owner, 'labels', labels as readonly number[][])} numbers`
}

function misfit(owner: string, expected: string, received: string): OptionError {
  const fix = 'give each row of inputIds its label, and set num_labels and problem_type to what they are'
  return new OptionError({ what: `${owner}: labels do not fit`, expected: `labels ${expected}`, received, fix })
}
