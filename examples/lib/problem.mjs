// What goes wrong through the user's input: said in plain words, without a stack.
import { relative } from 'node:path'

export class Problem extends Error {
  /** @param {string} what @param {{ expected?: string, received?: string, fix?: string }} parts */
  constructor(what, { expected, received, fix } = {}) {
    const lines = [what]
    if (expected) lines.push(`  expected  ${expected}`)
    if (received) lines.push(`  received  ${received}`)
    if (fix) lines.push(`  fix       ${fix}`)
    super(lines.join('\n'))
    this.name = 'Problem'
  }
}

/** A path as one would type it here. */
export function shortPath(path) {
  const short = relative(process.cwd(), path)
  return short.startsWith('..') ? path : short || '.'
}

/** A value from a file, short enough for a message. */
export function shorten(text, most = 80) {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text
}
