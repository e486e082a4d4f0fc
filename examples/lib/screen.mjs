// Text on a screen: a label, then lines beside it that fit.
import { styleText } from 'node:util'

const LABEL = 10
const WIDEST = 110

/** Columns of the terminal; 80 elsewhere. */
export function columns() {
  return Math.min(process.stdout.columns || 80, WIDEST)
}

/** A label with a text beside it, wrapped to the screen. */
export function labelled(label, text) {
  const [first, ...more] = wrap(text, Math.max(20, columns() - LABEL - 1))
  return [head(label) + first, ...more.map((line) => ' '.repeat(LABEL) + line)].join('\n')
}

/** A text on one line, cut where the screen ends. */
export function oneLine(label, text) {
  const room = Math.max(20, columns() - LABEL - 1)
  return head(label) + (text.length > room ? `${text.slice(0, room - 1)}…` : text)
}

function head(label) {
  const padded = label.padEnd(LABEL)
  return process.stdout.isTTY && !process.env.NO_COLOR ? styleText('bold', padded) : padded
}

/** Lines of at most `width` characters, broken between words where there are any. */
export function wrap(text, width) {
  const lines = []
  let line = ''
  for (const word of text.match(new RegExp(`\\S{1,${width}}`, 'gu')) ?? []) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}
