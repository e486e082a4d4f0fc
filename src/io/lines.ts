// Text files line by line, empty lines too.
import { readTextFile } from './text-file.js'
import { FileError } from '../errors.js'
import { bad } from '../runtime/options.js'

/**
 * Lines of a UTF-8 file; a byte order mark and Windows line ends are taken off.
 * @throws {FileError} `ERR_LORA_FILE` when it cannot be read or is empty.
 * @throws {FormatError} `ERR_LORA_FORMAT` when it is no UTF-8; the message names the place.
 */
export async function readLines(path: string): Promise<string[]> {
  if (typeof path !== 'string' || path === '') throw bad('readLines', 'path', 'a path', path)
  const text = await readTextFile(path)
  if (text === '') throw unreadable(path, 'an empty file')
  const lines = text.split('\n')
  if (lines.at(-1) === '') lines.pop()
  return lines
}

/** The error of a text file that cannot be read or holds nothing. */
export function unreadable(path: string, received: string): FileError {
  return new FileError({
    what: `cannot read ${path}`,
    expected: 'a text file with one line or more',
    received,
    fix: 'check the path',
  })
}
