// Outputs and references in text files, in the layouts of the NLG tools.
import { readdir, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { FormatError } from '../errors.js'
import { readLines, unreadable } from '../io/lines.js'
import { strip } from '../runtime/text.js'

/** Outputs, one per line. An empty line is an empty output. */
export async function readHypotheses(path: string): Promise<string[]> {
  return (await readLines(path)).map(strip)
}

/**
 * References of each output, in one of these layouts:
 * - one file with one reference per line and a blank line after those of an output (E2E);
 * - one file without blank lines: one reference per output;
 * - several files, or a folder with `reference0`, `reference1`, …, or the common prefix of such paths: line i of each belongs to output i (WebNLG,
 *   DART). Blank lines are missing references.
 * @throws {FileError} `ERR_LORA_FILE` when a file cannot be read or is empty.
 * @throws {FormatError} `ERR_LORA_FORMAT` when files have different numbers of lines, or an output has no reference.
 */
export async function readReferences(paths: string | readonly string[]): Promise<string[][]> {
  const given = typeof paths === 'string' ? [paths] : [...paths]
  const files = given.length === 1 ? await numbered(given[0]!) : given
  const columns = await Promise.all(files.map(async (file) => (await readLines(file)).map(strip)))
  if (columns.length === 1 && columns[0]!.includes('')) return blocks(columns[0]!)
  const count = columns[0]!.length
  const other = columns.findIndex((column) => column.length !== count)
  if (other >= 0) {
    throw new FormatError({
      what: `${files[other]}: the number of lines differs from ${files[0]}`,
      expected: `${count} lines`,
      received: `${columns[other]!.length}`,
      fix: 'write one line per output into each file, blank where a reference is missing',
    })
  }
  return Array.from({ length: count }, (_, i) => {
    const found = columns.map((column) => column[i]!).filter((text) => text !== '')
    if (found.length > 0) return found
    throw new FormatError({
      what: `${files[0]}, line ${i + 1}: this output has no reference`,
      expected: 'a reference in at least one of the files',
      received: 'blank lines',
      fix: 'add one, or remove the output',
    })
  })
}

/** The files `reference0`, `reference1`, … of a folder, or those whose path has this prefix; the path itself if it is a file. */
async function numbered(path: string): Promise<string[]> {
  const found = await stat(path).catch(() => undefined)
  if (found?.isFile() === true) return [path]
  const stem = found?.isDirectory() === true ? join(path, 'reference') : path
  const names = new Set(await readdir(dirname(stem)).catch(() => []))
  const name = basename(stem)
  const files: string[] = []
  while (names.has(`${name}${files.length}`)) files.push(`${stem}${files.length}`)
  if (files.length === 0) throw unreadable(path, `no such file, and no ${name}0`)
  return files
}

function blocks(lines: readonly string[]): string[][] {
  const found: string[][] = [[]]
  for (const line of lines) {
    if (line !== '') found.at(-1)!.push(line)
    else if (found.at(-1)!.length > 0) found.push([])
  }
  return found.at(-1)!.length === 0 ? found.slice(0, -1) : found
}
