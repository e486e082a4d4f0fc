// Correlations of two lists of numbers, equal to scipy's.
import { bad } from '../runtime/options.js'
import { checkRows } from './classification.js'
import type { Values } from './classification.js'

/**
 * Pearson's correlation, -1 to 1; NaN when one list is constant, or when a value is NaN.
 * @throws {OptionError} `ERR_LORA_OPTION` when the lists have different lengths or fewer than two rows.
 * @see scipy.stats.pearsonr
 */
export function pearson(predictions: Values, labels: Values): number {
  return correlation(...checkPairs('metrics.pearson', predictions, labels))
}

/**
 * Spearman's rank correlation, -1 to 1: Pearson's of the ranks, where equal values share their mean rank. NaN when one list is constant, or
 * when a value is NaN.
 * @throws {OptionError} `ERR_LORA_OPTION` when the lists have different lengths or fewer than two rows.
 * @see scipy.stats.spearmanr
 */
export function spearman(predictions: Values, labels: Values): number {
  const [x, y] = checkPairs('metrics.spearman', predictions, labels)
  return [...x, ...y].some(Number.isNaN) ? NaN : correlation(ranks(x), ranks(y))
}

function checkPairs(owner: string, predictions: Values, labels: Values): [number[], number[]] {
  const lists = checkRows(owner, predictions, labels)
  if (lists[0].length < 2) throw bad(owner, 'labels', 'two rows or more', `${lists[0].length}`)
  return lists
}

function correlation(x: readonly number[], y: readonly number[]): number {
  const [a, b] = [centred(x), centred(y)]
  const product = a.reduce((sum, value, i) => sum + value * b[i]!, 0)
  const scale = Math.sqrt(squares(a)) * Math.sqrt(squares(b))
  // 0 / 0 is NaN: a constant has no correlation.
  return Math.max(-1, Math.min(1, product / scale))
}

function centred(values: readonly number[]): number[] {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  return values.every((value) => value === values[0]) ? values.map(() => 0) : values.map((value) => value - mean)
}

const squares = (values: readonly number[]): number => values.reduce((sum, value) => sum + value * value, 0)

/** Ranks from 1; equal values share their mean rank. */
function ranks(values: readonly number[]): number[] {
  const order = values.map((_, i) => i).sort((a, b) => values[a]! - values[b]!)
  const found = new Array<number>(values.length)
  for (let first = 0; first < order.length;) {
    let end = first + 1
    while (end < order.length && values[order[end]!] === values[order[first]!]) end++
    for (let k = first; k < end; k++) found[order[k]!] = (first + 1 + end) / 2
    first = end
  }
  return found
}
