// Lines of text files of any size, read in pieces.
import { createReadStream } from 'node:fs'
import { FileError } from '../errors.js'
import { badContent } from './text-file.js'

/** Bytes that are read at once. */
const CHUNK = 1 << 18
/** Characters of a line; more is no line of text. */
const MOST = 1 << 28

/** Pieces of the text of a UTF-8 file, without its byte order mark. @throws {FileError} {FormatError} */
export async function* streamText(file: string): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let row = 1
  const decode = (bytes: Buffer | undefined) => {
    try {
      return decoder.decode(bytes, { stream: bytes !== undefined })
    } catch {
      const before = (bytes ?? Buffer.alloc(0)).toString('utf8').split('\uFFFD', 1)[0]!
      throw badContent(
        { file, row: row + before.split('\n').length - 1 },
        { what: 'this is not UTF-8 text', expected: 'text in UTF-8', received: 'other bytes', fix: 'convert the file: iconv -f latin1 -t utf-8 OLD > NEW' }, // prettier-ignore
      )
    }
  }
  for await (const bytes of bytesOf(file)) {
    const text = decode(bytes)
    yield text
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) row++
  }
  yield decode(undefined)
}

/** The lines of a UTF-8 file with their numbers from 1, without line ends, those of Windows among them. @throws {FileError} {FormatError} */
export async function* streamLines(file: string): AsyncGenerator<{ line: number; text: string }> {
  let [line, rest] = [1, '']
  const plain = (text: string) => (text.endsWith('\r') ? text.slice(0, -1) : text)
  for await (const piece of streamText(file)) {
    const parts = piece.split('\n')
    parts[0] = rest + parts[0]!
    rest = parts.pop()!
    for (const text of parts) yield { line: line++, text: plain(text) }
    if (rest.length > MOST) {
      const what = `a line of more than ${MOST} characters`
      throw badContent({ file, row: line }, { what, expected: 'lines', received: what, fix: 'write one row a line' })
    }
  }
  if (rest !== '') yield { line, text: plain(rest) }
}

async function* bytesOf(file: string): AsyncGenerator<Buffer> {
  try {
    yield* createReadStream(file, { highWaterMark: CHUNK }) as AsyncIterable<Buffer>
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    const received = code === 'ENOENT' ? 'there is no such file' : message
    throw new FileError({
      what: `${file} cannot be read`,
      expected: 'a text file',
      received,
      fix: 'check the path',
      cause,
    })
  }
}
