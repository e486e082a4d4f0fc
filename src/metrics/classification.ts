// Scores of predicted classes, equal to scikit-learn's.
import { OptionError } from '../errors.js'
import { bad, show } from '../runtime/options.js'

/** Predictions or labels: one number per row. */
export type Values = ArrayLike<number>

/**
 * The share of correct predictions, 0 to 1.
 * @throws {OptionError} `ERR_LORA_OPTION` when the lists have different lengths, are empty, or contain something other than classes.
 */
export function accuracy(predictions: Values, labels: Values): number {
  const [predicted, wanted] = checkClasses('metrics.accuracy', predictions, labels)
  return predicted.filter((value, i) => value === wanted[i]).length / wanted.length
}

/**
 * F1 of class 1, `2 tp / (2 tp + fp + fn)`; 0 when neither predictions nor labels contain 1.
 * @throws {OptionError} `ERR_LORA_OPTION` as for {@link accuracy}, and for a class other than 0 and 1.
 * @see scikit-learn f1_score
 */
export function f1(predictions: Values, labels: Values): number {
  const [predicted, wanted] = checkClasses('metrics.f1', predictions, labels, [0, 1])
  let [both, either] = [0, 0]
  for (const [i, value] of predicted.entries()) {
    both += value * wanted[i]!
    either += value + wanted[i]!
  }
  return either === 0 ? 0 : (2 * both) / either
}

/**
 * The mean of the F1 of each class that occurs among predictions or labels.
 * @throws {OptionError} `ERR_LORA_OPTION` as for {@link accuracy}.
 * @see scikit-learn f1_score(average='macro')
 */
export function macroF1(predictions: Values, labels: Values): number {
  const [predicted, wanted] = checkClasses('metrics.macroF1', predictions, labels)
  const classes = [...new Set([...predicted, ...wanted])]
  const of = (k: number) => {
    const both = predicted.filter((value, i) => value === k && wanted[i] === k).length
    return (2 * both) / (predicted.filter((value) => value === k).length + wanted.filter((value) => value === k).length)
  }
  return classes.reduce((sum, k) => sum + of(k), 0) / classes.length
}

/**
 * Matthews' correlation of predicted and true classes, of which there may be more than two; -1 to 1. 0 when all predictions, or all labels,
 * are the same.
 * @throws {OptionError} `ERR_LORA_OPTION` as for {@link accuracy}.
 * @see scikit-learn matthews_corrcoef
 */
export function matthewsCorrelation(predictions: Values, labels: Values): number {
  const [predicted, wanted] = checkClasses('metrics.matthewsCorrelation', predictions, labels)
  const [own, other] = [countEach(predicted), countEach(wanted)]
  const rows = wanted.length
  const right = predicted.filter((value, i) => value === wanted[i]).length
  let [cross, ownSquares, otherSquares] = [0, 0, 0]
  for (const [value, count] of own) {
    cross += count * (other.get(value) ?? 0)
    ownSquares += count * count
  }
  for (const count of other.values()) otherSquares += count * count
  const variances = (rows * rows - ownSquares) * (rows * rows - otherSquares)
  return variances === 0 ? 0 : (right * rows - cross) / Math.sqrt(variances)
}

function countEach(values: readonly number[]): Map<number, number> {
  const counts = new Map<number, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  return counts
}

/** Both lists as integers; `classes` lists the allowed ones. */
function checkClasses(owner: string, predictions: Values, labels: Values, classes?: number[]): [number[], number[]] {
  const lists = checkRows(owner, predictions, labels)
  const isClass = (value: number) => Number.isInteger(value) && (classes === undefined || classes.includes(value))
  for (const [k, name] of ['predictions', 'labels'].entries()) {
    const at = lists[k]!.findIndex((value) => !isClass(value))
    if (at < 0) continue
    throw bad(owner, `${name}[${at}]`, classes?.join(' or ') ?? 'an integer', lists[k]![at])
  }
  return lists
}

/**
 * Both lists as arrays of one length.
 * @throws {OptionError} `ERR_LORA_OPTION` when they are not.
 */
export function checkRows(owner: string, predictions: Values, labels: Values): [number[], number[]] {
  const lists = Object.entries({ predictions, labels }).map(([name, values]) => {
    if (typeof values !== 'object' || values === null || !Number.isInteger(values.length)) {
      throw bad(owner, name, 'a list of numbers', values)
    }
    const list = Array.from(values as ArrayLike<unknown>)
    const at = list.findIndex((value) => typeof value !== 'number')
    if (at >= 0) throw bad(owner, `${name}[${at}]`, 'a number', list[at])
    return list as number[]
  }) as [number[], number[]]
  const [predicted, wanted] = lists
  if (predicted.length !== wanted.length || wanted.length === 0) {
    throw new OptionError({
      what: `${owner}: predictions and labels do not match in number`,
      expected: 'a prediction for each label, and at least one',
      received: `${show(predicted.length)} predictions, ${show(wanted.length)} labels`,
      fix: 'pass both for the same rows, in the same order',
    })
  }
  return lists
}
