// The data sets of the paper's NLG example as rows of a context and what to write about it.
import { rename, writeFile } from 'node:fs/promises'
import { FileError } from '../../errors.js'
import { bad, checkChoice } from '../../nn/options.js'
import { badContent, linesOf, parseJson, readTextFile } from '../text-file.js'
import type { Place } from '../text-file.js'

/** A context and a text about it. */
export interface NlgRow {
  context: string
  completion: string
  /** WebNLG: whether the category of the entry occurs in its training data. */
  cate?: boolean
}

/** The data sets that the example converts. */
export type NlgFormat = 'e2e' | 'webnlg' | 'dart'

/** The categories of WebNLG 2017 that its training data has; what belongs to others is unseen. */
export const WEBNLG_SEEN: readonly string[] = [
  ...['Airport', 'Astronaut', 'Building', 'City', 'ComicsCharacter'],
  ...['Food', 'Monument', 'SportsTeam', 'University', 'WrittenWork'],
]

/**
 * Rows of the E2E data: lines `meaning representation||text`. Space at both ends of a line is cut; blank lines are passed over.
 * @param file is named in errors.
 * @throws {FormatError} naming file, row and column of a line that does not hold one `||` between two texts, and of a file without any.
 * @see microsoft/LoRA `format_converting_e2e.py`
 */
export function formatE2e(text: string, file = 'E2E data'): NlgRow[] {
  return linesOf(file, text).map(({ row, line }) => {
    const fields = line.trim().split('||')
    const wrong = (column: string, what: string) =>
      badContent(
        { file, row, column },
        {
          what,
          expected: 'meaning representation||text',
          received: shorten(line),
          fix: 'write both parts into the line, with || between them and nowhere else',
        },
      )
    if (fields.length !== 2) throw wrong('text', `the line has ${fields.length - 1} times ||`)
    const [context, completion] = fields as [string, string]
    if (context.trim() === '') throw wrong('meaning representation', 'it is empty')
    if (completion.trim() === '') throw wrong('text', 'it is empty')
    return { context, completion }
  })
}

/**
 * Rows of a WebNLG file (2017, JSON): the triples of an entry (`modifiedtripleset`) as `subject : property : object`, joined by ` | `, with each of its
 * texts whose comment is `good`. `cate` says whether the category is among `seen`.
 * @param data what `JSON.parse` gave, or the text.
 * @throws {FormatError} naming file, entry (as row) and field (as column) of what is not as it must be.
 * @see microsoft/LoRA `format_converting_webnlg.py`
 */
export function formatWebnlg(data: unknown, file = 'WebNLG data', seen: readonly string[] = WEBNLG_SEEN): NlgRow[] {
  const root = objectAt({ file }, typeof data === 'string' ? parseJson(file, data) : data)
  return listAt({ file, column: 'entries' }, root['entries']).flatMap((item, i) => {
    const at = (column: string): Place => ({ file, row: i + 1, column })
    const entry = objectAt(at(String(i + 1)), objectAt(at('entries'), item)[String(i + 1)])
    const cate = seen.includes(textAt(at('category'), entry['category']))
    const context = listAt(at('modifiedtripleset'), entry['modifiedtripleset'])
      .map((each, t) => {
        const column = `modifiedtripleset[${t}]`
        const triple = objectAt(at(column), each)
        const parts = ['subject', 'property', 'object'].map((key) => textAt(at(`${column}.${key}`), triple[key]))
        return parts.join(' : ')
      })
      .join(' | ')
    return listAt(at('lexicalisations'), entry['lexicalisations']).flatMap((each, n) => {
      const sentence = objectAt(at(`lexicalisations[${n}]`), each)
      if (textAt(at(`lexicalisations[${n}].comment`), sentence['comment']) !== 'good') return []
      return { context, completion: textAt(at(`lexicalisations[${n}].lex`), sentence['lex']), cate }
    })
  })
}

/**
 * Rows of a DART file (JSON): triples as in {@link formatWebnlg}, with relations in lower case, and a row for each annotation.
 * @param data what `JSON.parse` gave, or the text.
 * @throws {FormatError} naming file, entry (as row) and field (as column) of what is not as it must be.
 * @see microsoft/LoRA `format_converting_dart.py`
 */
export function formatDart(data: unknown, file = 'DART data'): NlgRow[] {
  const root = typeof data === 'string' ? parseJson(file, data) : data
  return listAt({ file }, root).flatMap((item, i) => {
    const at = (column: string): Place => ({ file, row: i + 1, column })
    const entry = objectAt(at('tripleset'), item)
    const context = listAt(at('tripleset'), entry['tripleset'])
      .map((triple, t) => {
        const parts = listAt(at(`tripleset[${t}]`), triple)
        if (parts.length !== 3) throw wrongAt(at(`tripleset[${t}]`), 'subject, relation and object', parts)
        const [subject, relation, object] = parts.map((part, p) => textAt(at(`tripleset[${t}][${p}]`), part))
        return `${subject} : ${relation!.toLowerCase()} : ${object}`
      })
      .join(' | ')
    return listAt(at('annotations'), entry['annotations']).map((each, n) => {
      const column = `annotations[${n}]`
      return { context, completion: textAt(at(`${column}.text`), objectAt(at(column), each)['text']) }
    })
  })
}

/**
 * Reads a file of one of the data sets, as its authors distribute it, or a `.jsonl` file of rows that were converted before.
 * @throws {FileError} {@link FormatError} naming file, row and column.
 */
export async function readNlgRows(file: string, format: NlgFormat): Promise<NlgRow[]> {
  checkChoice('data.readNlgRows', 'format', format, ['e2e', 'webnlg', 'dart'])
  const text = await readTextFile(file)
  if (file.endsWith('.jsonl')) return parseRows(file, text)
  if (format === 'e2e') return formatE2e(text, file)
  return format === 'webnlg' ? formatWebnlg(text, file) : formatDart(text, file)
}

/** Rows of a `.jsonl` file: objects with `context` (or `prompt`) and `completion`. */
export async function readFormatted(file: string): Promise<NlgRow[]> {
  return parseRows(file, await readTextFile(file))
}

/** Writes values as a `.jsonl` file, a line each: the whole file is there, or the old one. */
export async function writeJsonl(file: string, values: readonly unknown[]): Promise<void> {
  if (typeof file !== 'string' || file === '') throw bad('data.writeJsonl', 'file', 'a path', file)
  const partial = `${file}.${process.pid}.partial`
  try {
    await writeFile(partial, values.map((value) => `${JSON.stringify(value)}\n`).join(''))
    await rename(partial, file)
  } catch (cause) {
    throw new FileError({
      what: `${file} cannot be written`,
      expected: 'a folder that can be written to',
      received: (cause as Error).message,
      fix: 'make the folder, or choose another path',
      cause,
    })
  }
}

function parseRows(file: string, text: string): NlgRow[] {
  return linesOf(file, text).map(({ row, line }) => {
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
  })
}

function objectAt(place: Place, value: unknown): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  throw wrongAt(place, 'an object', value)
}

function listAt(place: Place, value: unknown): unknown[] {
  if (Array.isArray(value) && value.length > 0) return value
  throw wrongAt(place, 'a list with at least one entry', value)
}

function textAt(place: Place, value: unknown): string {
  if (typeof value === 'string' && value.trim() !== '') return value
  throw wrongAt(place, 'a text', value)
}

function wrongAt(place: Place, expected: string, value: unknown) {
  return badContent(place, {
    what: value === undefined ? 'it is missing' : 'it is not usable',
    expected,
    received: value === undefined ? 'nothing' : shorten(JSON.stringify(value)),
    fix: 'is this a file of another data set or another version of it?',
  })
}

function shorten(text: string, most = 80): string {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text
}
