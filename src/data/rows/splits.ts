// A folder of files as splits, by their names.
import { readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { FileError } from '../../errors.js'
import { formatOf } from './files.js'

/** The files of a folder by what they are for, each list by name. */
export interface SplitFiles {
  train: string[]
  validation: string[]
  test: string[]
}

const NAMES: readonly (readonly [keyof SplitFiles, RegExp])[] = [
  ['train', /(^|[-_.])train(ing)?([-_.\d]|$)/i],
  ['validation', /(^|[-_.])(valid(ation)?|val|dev|eval)([-_.\d]|$)/i],
  ['test', /(^|[-_.])test([-_.\d]|$)/i],
]

/**
 * The files of a folder that hold rows, by their names: `train.jsonl`, `valid.csv`, `test-00000-of-00002.parquet`. Where none is named `train`, those that
 * are not for validation or test are to train on.
 * @throws {FileError} when there is no such folder, or no file of a known format in it.
 */
export async function splitFiles(folder: string): Promise<SplitFiles> {
  const names = await readdir(folder).catch((cause: Error) => {
    throw new FileError({ what: `${folder} cannot be read`, expected: 'a folder', received: cause.message, fix: 'check the path', cause }) // prettier-ignore
  })
  const files = names.filter((name) => formatOf(name) !== null && !name.startsWith('.')).sort()
  if (files.length === 0) {
    const expected = 'files that end in .jsonl, .json, .csv, .tsv, .parquet or .txt'
    const received = names.length === 0 ? 'an empty folder' : names.slice(0, 3).join(', ')
    throw new FileError({ what: `${folder} holds no rows`, expected, received, fix: 'check the path' })
  }
  const splitOf = (name: string) => NAMES.find(([, pattern]) => pattern.test(basename(name)))?.[0]
  const found: SplitFiles = { train: [], validation: [], test: [] }
  for (const name of files) {
    const split = splitOf(name)
    if (split !== undefined) found[split].push(join(folder, name))
  }
  const others = files.filter((name) => splitOf(name) === undefined)
  if (found.train.length === 0) found.train = others.map((name) => join(folder, name))
  return found
}
