// Files of one JSON object a line: rows of the NLG data, raw and encoded, and predictions.
import { bad } from '../../runtime/options.js'
import { writeText } from '../../io/write-text.js'
import { linesOf, parseJson, readTextFile } from '../../io/text-file.js'
import { objectAt, textAt, wrongAt } from './fields.js'

/** A context and a text about it. */
export interface NlgRow {
  context: string
  completion: string
  /** WebNLG: whether the category of the entry occurs in its training data. */
  cate?: boolean
}

/** Rows of a `.jsonl` file: objects with `context` (or `prompt`) and `completion`. */
export async function readFormatted(file: string): Promise<NlgRow[]> {
  return linesOf(file, await readTextFile(file)).map(({ row, line }) => rowOf(file, row, line))
}

/** One line of {@link readFormatted}. @throws {FormatError} naming file, row and column. */
export function rowOf(file: string, row: number, line: string): NlgRow {
  const value = objectAt({ file, row }, parseJson(file, line, row))
  const first = 'context' in value || !('prompt' in value) ? 'context' : 'prompt'
  const found: NlgRow = {
    context: textAt({ file, row, column: first }, value[first]),
    completion: textAt({ file, row, column: 'completion' }, value['completion']),
  }
  const { cate } = value
  if (cate === undefined) return found
  if (typeof cate !== 'boolean') throw wrongAt({ file, row, column: 'cate' }, 'true or false', cate)
  return { ...found, cate }
}

/** Writes values as a `.jsonl` file, one per line. The file is replaced only when it is complete. */
export async function writeJsonl(file: string, values: readonly unknown[]): Promise<void> {
  if (typeof file !== 'string' || file === '') throw bad('data.writeJsonl', 'file', 'a path', file)
  await writeText(file, values.map((value) => `${JSON.stringify(value)}\n`).join(''))
}
