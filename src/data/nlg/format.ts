// The data sets of the paper's NLG example as rows of a context and what to write about it.
import { checkChoice } from '../../runtime/options.js'
import { badContent, linesOf, parseJson, readTextFile } from '../../io/text-file.js'
import type { Position } from '../../io/text-file.js'
import { listAt, objectAt, shorten, textAt, wrongAt } from './fields.js'
import { readFormatted } from './jsonl.js'
import type { NlgRow } from './jsonl.js'

/** The data sets that the example converts. */
export type NlgFormat = 'e2e' | 'webnlg' | 'dart'

/** The categories in the training data of WebNLG 2017; entries of others are unseen. */
export const WEBNLG_SEEN: readonly string[] = [
  ...['Airport', 'Astronaut', 'Building', 'City', 'ComicsCharacter'],
  ...['Food', 'Monument', 'SportsTeam', 'University', 'WrittenWork'],
]

/**
 * Rows of the E2E data: lines `meaning representation||text`. White space at both ends of a line is removed; blank lines are skipped.
 * @param file its name in errors.
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
 * @param data the result of `JSON.parse`, or the text.
 * @throws {FormatError} naming file, entry (as row) and field (as column) of a malformed value.
 * @see microsoft/LoRA `format_converting_webnlg.py`
 */
export function formatWebnlg(data: unknown, file = 'WebNLG data', seen: readonly string[] = WEBNLG_SEEN): NlgRow[] {
  const root = objectAt({ file }, typeof data === 'string' ? parseJson(file, data) : data)
  return listAt({ file, column: 'entries' }, root['entries']).flatMap((item, i) => {
    const at = (column: string): Position => ({ file, row: i + 1, column })
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
 * @param data the result of `JSON.parse`, or the text.
 * @throws {FormatError} naming file, entry (as row) and field (as column) of a malformed value.
 * @see microsoft/LoRA `format_converting_dart.py`
 */
export function formatDart(data: unknown, file = 'DART data'): NlgRow[] {
  const root = typeof data === 'string' ? parseJson(file, data) : data
  return listAt({ file }, root).flatMap((item, i) => {
    const at = (column: string): Position => ({ file, row: i + 1, column })
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
  if (file.endsWith('.jsonl')) return readFormatted(file)
  const text = await readTextFile(file)
  if (format === 'e2e') return formatE2e(text, file)
  return format === 'webnlg' ? formatWebnlg(text, file) : formatDart(text, file)
}
