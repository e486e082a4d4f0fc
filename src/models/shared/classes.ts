// Labels that are classes, of rows or of tokens.
import { IndexError, OptionError } from '../../errors.js'
import { wholeNumber } from '../../generation/ids.js'

/** The label of what does not count. */
export const IGNORED = -100

/**
 * Checks that labels are classes below `count`, or {@link IGNORED}, not all of them.
 * @param what the labels belong to, for errors.
 */
export function checkClasses(owner: string, labels: ArrayLike<number>, count: number, what: 'rows' | 'tokens'): void {
  let counting = 0
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i]!
    wholeNumber(owner, 'labels', label)
    if (label === IGNORED) continue
    if (label < 0 || label >= count) throw noSuchClass(owner, label, count, what)
    counting += 1
  }
  if (counting === 0) throw nothingCounts(owner)
}

function noSuchClass(owner: string, label: number, count: number, what: string): IndexError {
  return new IndexError({
    what: `${owner}: labels contains a class that does not exist`,
    expected: `classes from 0 to ${count - 1}, or -100 for ${what} to ignore`,
    received: String(label),
    fix: 'set num_labels to the number of classes',
  })
}

function nothingCounts(owner: string): OptionError {
  return new OptionError({
    what: `${owner}: every label is ignored`,
    expected: 'at least one label other than -100',
    received: 'labels of -100 only',
    fix: 'skip such batches, or leave labels out',
  })
}
