// Text files: UTF-8, with or without a byte order mark, with the line ends of any system.
import { isUtf8 } from 'node:buffer'
import { readFile } from 'node:fs/promises'
import { FileError, FormatError } from '../errors.js'

/** A position in a file: rows count from 1; the column is a name, or the number of a character from 1. */
export interface Position {
  readonly file: string
  readonly row?: number
  readonly column?: string | number
}

/** What is wrong at a position of a file. */
export interface Problem {
  what: string
  expected: string
  received: string
  fix: string
}

/** The error for invalid content at a position of a file. */
export function badContent({ file, row, column }: Position, { what, expected, received, fix }: Problem): FormatError {
  const parts = [file, row === undefined ? '' : `row ${row}`, column === undefined ? '' : `column ${column}`]
  return new FormatError({ what: `${parts.filter(Boolean).join(', ')}: ${what}`, expected, received, fix })
}

/**
 * The text of a UTF-8 file, with line feeds between its lines. A byte order mark and the carriage returns of Windows are removed, with one
 * warning.
 * @throws {FileError} when it cannot be read. @throws {FormatError} naming row and column of the first byte that is not UTF-8.
 */
export async function readTextFile(file: string): Promise<string> {
  const bytes = await bytesOf(file)
  if (!isUtf8(bytes)) throw notUtf8(file, bytes)
  const hasMark = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf
  const text = bytes.toString('utf8', hasMark ? 3 : 0)
  const isWindows = text.includes('\r\n')
  if (hasMark || isWindows) warnOfMarks(file, hasMark, isWindows)
  return isWindows ? text.replaceAll('\r\n', '\n') : text
}

/** The non-blank lines of a text, with their row numbers. @throws {FormatError} when there are none. */
export function linesOf(file: string, text: string): { row: number; line: string }[] {
  const lines = text.split('\n').map((line, i) => ({ row: i + 1, line }))
  const full = lines.filter(({ line }) => line.trim() !== '')
  if (full.length > 0) return full
  throw emptyFile(file)
}

/** The value of a JSON text. `row` is its row when the text is one line of a file. */
export function parseJson(file: string, text: string, row?: number): unknown {
  if (text.trim() === '') throw emptyFile(file)
  try {
    return JSON.parse(text)
  } catch (error) {
    const message = (error as Error).message
    const found = /position (\d+)/.exec(message)
    const at = found === null ? text.length : Number(found[1])
    const before = text.slice(0, at).split('\n')
    const position = { file, row: row ?? before.length, column: before.at(-1)!.length + 1 }
    throw badContent(position, {
      what: 'this is not valid JSON',
      expected: row === undefined ? 'one JSON text' : 'one JSON object in each row',
      received: message,
      fix: 'correct the file at this position; is it truncated?',
    })
  }
}

async function bytesOf(file: string): Promise<Buffer> {
  try {
    return await readFile(file)
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    throw new FileError({
      what: `${file} cannot be read`,
      expected: 'a text file',
      received: code === 'ENOENT' ? 'there is no such file' : message,
      fix: 'check the path',
      cause,
    })
  }
}

/** The first invalid byte is where the text, decoded with replacement characters and encoded, first differs from the file. */
function notUtf8(file: string, bytes: Buffer): FormatError {
  const replaced = Buffer.from(bytes.toString('utf8'))
  let at = bytes.findIndex((byte, i) => byte !== replaced[i])
  // A file that ends inside the replacement character itself differs from it nowhere.
  if (at < 0) at = bytes.length
  while (at > 0 && !isUtf8(bytes.subarray(0, at))) at -= 1
  const before = bytes.subarray(0, at).toString('utf8').split('\n')
  const isUtf16 = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)
  const position = { file, row: before.length, column: before.at(-1)!.length + 1 }
  return badContent(position, {
    what: 'this is not UTF-8 text',
    expected: 'text in UTF-8',
    received: isUtf16 ? 'UTF-16' : `the byte 0x${bytes[at]!.toString(16).padStart(2, '0')}`,
    fix: `convert the file: iconv -f ${isUtf16 ? 'utf-16' : 'latin1'} -t utf-8 OLD > NEW`,
  })
}

function emptyFile(file: string): FormatError {
  return badContent(
    { file, row: 1, column: 1 },
    {
      what: 'the file is empty',
      expected: 'at least one row',
      received: 'only white space',
      fix: 'check the path, and the program that wrote the file',
    },
  )
}

function warnOfMarks(file: string, hasMark: boolean, isWindows: boolean): void {
  const found = [hasMark && 'a byte order mark', isWindows && 'Windows line ends'].filter(Boolean).join(' and ')
  process.emitWarning(`${file} has ${found}: ignored`, { type: 'LoraWarning', code: 'LORA_TEXT_MARKS' })
}
