// Text files line by line, including empty lines.
import { readTextFile } from './text-file.js'
import { FileError } from '../errors.js'
import { bad } from '../runtime/options.js'

/**
 * Lines of a UTF-8 file; a byte order mark and Windows line ends are removed.
 * @throws {FileError} `ERR_LORA_FILE` when it cannot be read or is empty.
 * @throws {FormatError} `ERR_LORA_FORMAT` when it is not UTF-8; the message names row and column.
 */
export async function readLines(path: string): Promise<string[]> {
  if (typeof path !== 'string' || path === '') throw bad('readLines', 'path', 'a path', path)
  const text = await readTextFile(path)
  if (text === '') throw unreadable(path, 'an empty file')
  const lines = text.split('\n')
  if (lines.at(-1) === '') lines.pop()
  return lines
}

/** The error for a text file that cannot be read or is empty. */
export function unreadable(path: string, received: string): FileError {
  return new FileError({
    what: `cannot read ${path}`,
    expected: 'a text file with one line or more',
    received,
    fix: 'check the path',
  })
}
