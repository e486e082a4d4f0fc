// Which rows are trained on, which choose the learning rate, and which are written about and scored. No context is in two of them.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import * as lora from 'loralib'
import { Problem, shortPath } from '../../lib/problem.mjs'

const { readNlgRows } = lora.data

/**
 * Reads a folder with the E2E files: train.txt, valid.txt and test.txt, `meaning||text` in each line; or train.jsonl and heldout.jsonl of rows. Where
 * there are only two files, the contexts of the second one are dealt out in turn to validation and test.
 */
export async function readSplits(folder) {
  const has = (name) => existsSync(join(folder, name))
  const read = (name) => readNlgRows(join(folder, name), 'e2e')
  if (has('train.txt') && has('valid.txt') && has('test.txt'))
    return { train: await read('train.txt'), valid: await read('valid.txt'), test: await read('test.txt') }
  const pair = [
    ['train.jsonl', 'heldout.jsonl'],
    ['valid.txt', 'test.txt'],
  ].find((names) => names.every(has))
  if (pair === undefined) {
    throw new Problem(`${shortPath(folder)} holds no E2E data`, {
      expected: 'train.txt, valid.txt and test.txt; or valid.txt and test.txt; or train.jsonl and heldout.jsonl',
      fix: 'pass the folder with --data DIR',
    })
  }
  const [train, held] = [await read(pair[0]), await read(pair[1])]
  const known = new Set(train.map(({ context }) => context))
  const fresh = held.filter(({ context }) => !known.has(context))
  const order = new Map([...new Set(fresh.map(({ context }) => context))].map((context, i) => [context, i]))
  const part = (odd) => fresh.filter(({ context }) => order.get(context) % 2 === odd)
  return { train, valid: part(0), test: part(1) }
}

/** All rows of some contexts, spread evenly over those that there are. */
export function someContexts(rows, most) {
  const contexts = [...new Set(rows.map(({ context }) => context))]
  const kept = new Set(evenly(contexts, most))
  return rows.filter(({ context }) => kept.has(context))
}

/** At most `most` items, spread evenly. */
export function evenly(items, most) {
  if (items.length <= most) return items
  return Array.from({ length: most }, (_, i) => items[Math.floor(((i + 0.5) * items.length) / most)])
}
